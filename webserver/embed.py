"""The console inside another process: for `durapy run NAME --web`.

Core may not import the web server, so it finds `serve_in_thread` by the entry-point group
`durapy.web`.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from loguru import logger

from durapy_core.engines.base import Engine
from durapy_core.settings import Settings, make_data_dir
from webserver.door import open_door
from webserver.server import serve


@contextmanager
def serve_in_thread(
    settings: Settings, engine: Engine, *, announce: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Serve the console on a thread of its own for as long as the `with` lasts.

    `announce` is given the sign-in link, on that thread; without it the link is printed.
    The engine stays open.

    Raises:
        SettingsError: the port is taken, or the data folder or the certificate cannot be used.
    """
    make_data_dir(settings)
    door = open_door(settings)
    started = Event()
    stop: list[Callable[[], None]] = []

    async def run() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: _call(loop, stopping.set))
        started.set()
        await serve(settings, engine, door, stop=stopping, announce=announce)

    def work() -> None:
        try:
            asyncio.run(run())
        except Exception:  # noqa: BLE001 (the service goes on without its console)
            logger.exception("the console ended on an error")

    thread = Thread(target=work, name="console", daemon=True)
    thread.start()
    started.wait()
    try:
        yield
    finally:
        stop[0]()
        thread.join()


def _call(loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended already
        loop.call_soon_threadsafe(action)
