"""Blocking calls of a console that is stopping."""

import asyncio
from threading import Event

import pytest

from durapy_core.errors import EngineUnavailableError
from webserver.offload import Offload


def test_who_asks_a_console_that_stops_is_told_so_and_to_try_again() -> None:
    offload = Offload()
    offload.close()

    for ask in (offload.run, offload.engine, offload.urgent):
        with pytest.raises(EngineUnavailableError, match="is stopping; try again"):
            asyncio.run(ask(lambda: 1))
    assert offload.engine_ok, "the store is not to blame"


def test_who_waits_for_a_thread_when_the_console_stops_is_told_so() -> None:
    with pytest.raises(EngineUnavailableError, match="is stopping; try again"):
        asyncio.run(_close_while_somebody_waits())


async def _close_while_somebody_waits() -> int:
    offload, going_on = Offload(threads=1), Event()
    busy = asyncio.ensure_future(offload.engine(going_on.wait))
    await asyncio.sleep(0)
    waiting = asyncio.ensure_future(offload.engine(lambda: 1))
    await asyncio.sleep(0)
    offload.close()
    going_on.set()

    assert await busy
    return await waiting
