"""`python -m webserver`: the console as a process of its own."""

import asyncio
import signal
import sys
from threading import Thread
from typing import Any, Final

from loguru import logger

from durapy_core import log
from durapy_core.engines.base import Engine
from durapy_core.exit_codes import run_quietly
from durapy_core.log_shipping import make_shipper
from durapy_core.settings import Settings, load_settings, make_data_dir
from durapy_core.store import open_store
from webserver.door import open_door
from webserver.presence import NAME
from webserver.server import serve

_SEND_TIMEOUT_S: Final = 3.0
"""A browser waits for its answer, so a send is given up earlier than a service would."""


def main() -> int:
    """Serve the console until SIGTERM or Ctrl-C, and return the exit code."""
    settings = load_settings(Settings)
    make_data_dir(settings)
    log.configure(settings, service=NAME, tee=make_shipper(settings))
    asyncio.run(_serve_until_signal(settings))
    return 0


async def _serve_until_signal(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    door = open_door(settings)
    engine = await _open_store(settings, stop)
    if engine is None:
        return
    with engine:
        await serve(settings, engine, door, stop=stop)
    logger.info("the console has stopped")


async def _open_store(settings: Settings, stop: asyncio.Event) -> Engine | None:
    """Return the store once it answers, or None if we are told to stop before that.

    Opening may wait for ever, so it has a thread that the end of the process does not wait for.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Engine] = loop.create_future()
    patient = settings.model_copy(
        update={"send_timeout_s": min(settings.send_timeout_s, _SEND_TIMEOUT_S)}
    )

    def report(engine: Engine | None, error: Exception | None) -> None:
        if error is not None and not opened.done():
            opened.set_exception(error)
        elif engine is not None and not opened.done():
            opened.set_result(engine)

    def work() -> None:
        engine, problem = None, None
        try:
            engine = open_store(patient)
        except Exception as error:  # noqa: BLE001 (raised again by whoever awaits)
            problem = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(report, engine, problem)

    Thread(target=work, name="open store", daemon=True).start()
    stopping = asyncio.create_task(stop.wait())
    either: set[asyncio.Future[Any]] = {opened, stopping}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return opened.result() if opened.done() else None


if __name__ == "__main__":
    sys.exit(run_quietly(main, program="webserver"))
