"""One running web server: it binds, says where it is, serves until it is told to stop."""

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Callable
from typing import Final

from loguru import logger
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from durapy_core.engines.base import Engine
from durapy_core.errors import EngineError, SettingsError
from durapy_core.heartbeat import Heartbeat
from durapy_core.janitor import Janitor
from durapy_core.login_code import console_address, make_link, mint, publish_address
from durapy_core.notify import open_notifier
from durapy_core.settings import Settings, notify_address
from durapy_core.status import ServiceState
from webserver.app import make_app
from webserver.limits import MAX_DISCARDED_BYTES
from webserver.presence import Presence, publish_catalog
from webserver.site import Site

_RETRY_S: Final = 1.0
_CLOSE_S: Final = 2.0


def bind(settings: Settings) -> list[socket.socket]:
    """Return sockets that listen where the settings say.

    Raises:
        SettingsError: the port is taken, or the address is not this computer's.
    """
    try:
        return bind_sockets(settings.port, settings.host)
    except (OSError, UnicodeError) as error:
        where = f"DURAPY_PORT={settings.port}"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            hint = "it is taken by another program; stop that one or set another DURAPY_PORT"
        elif isinstance(error, PermissionError):
            hint = "ports under 1024 are for root; set another DURAPY_PORT"
        else:
            where, hint = f"DURAPY_HOST={settings.host}", f"{error}; use 127.0.0.1 or 0.0.0.0"
        raise SettingsError(f"{where} cannot be listened on: {hint}.") from error


async def serve(
    settings: Settings,
    engine: Engine,
    sockets: list[socket.socket],
    *,
    stop: asyncio.Event,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until `stop` is set; `announce` is given the sign-in link once all is ready.

    Without it the link is printed: to the screen, never to the log. The engine stays open.

    Raises:
        SettingsError: the data folder or the token's file cannot be used.
    """
    app = make_app(settings, engine)
    server = HTTPServer(app, max_body_size=MAX_DISCARDED_BYTES)
    presence = Presence(revision=app.site.revision)
    clock, notifier = app.site.clock, open_notifier(notify_address())
    beats = Heartbeat(
        engine, presence.status, file=settings.heartbeat_file, clock=clock, notifier=notifier
    )
    with beats, Janitor(engine, settings):
        app.start()
        server.add_sockets(sockets)
        url = console_address(settings, sockets[0].getsockname()[1])
        logger.info("the console listens at {url}", url=url)
        welcoming = asyncio.create_task(_welcome(app.site, url, announce or print_link))
        await stop.wait()
        presence.state = ServiceState.STOPPED
        welcoming.cancel()
        server.stop()
        await app.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await server.close_all_connections()


def print_link(link: str) -> None:
    """Print the line that a user waits for."""
    sys.stdout.write(f"DuraPy is ready: {link}\n")
    sys.stdout.flush()


async def _welcome(site: Site, url: str, announce: Callable[[str], None]) -> None:
    """Publish the catalog and announce a sign-in link, as soon as the store takes them."""
    engine = site.engine
    while True:
        try:
            await site.offload.engine(publish_catalog(engine))
            await site.offload.engine(lambda: publish_address(engine, url))
            code = await site.offload.engine(lambda: mint(engine))
        except EngineError:
            await asyncio.sleep(_RETRY_S)
        else:
            announce(make_link(url, code))
            return
