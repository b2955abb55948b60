"""A way out of a network of a test's own: to one port of this computer."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import Final

HOST: Final = "127.0.0.1"
_CHUNK: Final = 65536


class WayOut:
    """Passes connections on to a port of the network in which it was made.

    A thread keeps the network in which it was started, and a socket the one in which it was
    opened: so the thread is started outside, and is given a socket that listens inside.
    """

    def __init__(self, port: int) -> None:
        """Start the thread; call it where the port is."""
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._running = Event()
        self._thread = Thread(target=self._run, name="way out", daemon=True)
        self._thread.start()
        self._running.wait()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Listen on the same port of the network in which this is called."""
        with closing(socket.create_server((HOST, self._port))) as listening:
            serving = asyncio.start_server(self._serve, sock=listening)
            asyncio.run_coroutine_threadsafe(serving, self._loop).result()
            yield
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(self._running.set)
        self._loop.run_forever()

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, on = await asyncio.open_connection(HOST, self._port)
        await asyncio.gather(_pass_on(near, on), _pass_on(far, back))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(_CHUNK):
            target.write(piece)
            await target.drain()
    except ConnectionError:
        pass  # the other side is told by the end of this one
    finally:
        target.close()
