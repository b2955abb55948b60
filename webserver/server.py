"""One running web server: it says where it is, and serves until it is told to stop."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from loguru import logger

from durapy_core.engines.base import Engine
from durapy_core.errors import EngineError
from durapy_core.heartbeat import Heartbeat
from durapy_core.janitor import Janitor
from durapy_core.login_code import console_address, make_link, mint, publish_address
from durapy_core.notify import open_notifier
from durapy_core.presence import Presence, make_replica_name
from durapy_core.settings import Settings, notify_address
from webserver.app import make_app
from webserver.door import Door
from webserver.keep_going import keep_going
from webserver.listening import BoundedServer
from webserver.presence import NAME, publish_catalog
from webserver.site import Site
from webserver.tls import LOOK_EVERY_S, Tls

_RETRY_S: Final = 1.0
_CLOSE_S: Final = 2.0


async def serve(
    settings: Settings,
    engine: Engine,
    door: Door,
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
    tls = door.tls.context if door.tls else None
    server = BoundedServer(app, ssl_options=tls, proxies=app.proxies)
    presence = Presence(
        NAME, replica=make_replica_name(), revision=app.site.revision, stopped=stop.is_set
    )
    clock, notifier = app.site.clock, open_notifier(notify_address())
    beats = Heartbeat(
        engine, presence.status, file=settings.heartbeat_file, clock=clock, notifier=notifier
    )
    with beats, Janitor(engine, settings):
        app.start()
        server.add_sockets(door.sockets)
        tasks = _start_tasks(app.site, door, announce or print_link)
        await stop.wait()
        for task in tasks:
            task.cancel()
        server.stop()
        await app.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await server.close_all_connections()


def print_link(link: str) -> None:
    """Print the line that a user waits for."""
    sys.stdout.write(f"DuraPy is ready: {link}\n")
    sys.stdout.flush()


def _start_tasks(
    site: Site, door: Door, announce: Callable[[str], None]
) -> list[asyncio.Task[None]]:
    """Begin what is done beside the answering, now that the sockets listen."""
    url = console_address(site.settings, door.port)
    logger.info("the console listens at {url}", url=url)
    welcome = partial(_welcome, site, url, announce)
    tasks = [asyncio.create_task(keep_going("the welcome", welcome))]
    if door.tls:
        watch = partial(_watch, site, door.tls)
        tasks.append(asyncio.create_task(keep_going("the look at the certificate", watch)))
    return tasks


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


async def _watch(site: Site, tls: Tls) -> None:
    """Look after the certificate for ever."""
    while True:
        await site.offload.run(tls.look)
        await asyncio.sleep(LOOK_EVERY_S)
