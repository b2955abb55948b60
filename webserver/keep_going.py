"""Work of the console that never ends: an error that nobody foresaw is said, and it goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from loguru import logger

PAUSE_S: Final = 1.0


async def keep_going(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Await `work()` until it returns; if it raises, log that under `name` and begin again.

    Without this a task that fails would end without a word, and browsers would wait for its news.
    """
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 (said, and tried again)
            logger.exception("{name} met an unforeseen error; it goes on", name=name)
            await asyncio.sleep(PAUSE_S)
        else:
            return
