"""All the wiring of the web server."""

import asyncio
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from loguru import logger
from tornado.httputil import HTTPServerRequest
from tornado.routing import PathMatches, Rule
from tornado.web import RequestHandler

from durapy_core.engines.base import COMMANDS, LOGS, OPERATIONS, RECEIPTS, Engine
from durapy_core.revision import find_revision
from durapy_core.settings import Settings
from durapy_core.store_clock import StoreClock
from durapy_core.users import Users
from webserver.credentials import load_credentials
from webserver.directory import Directory
from webserver.feed import LogFeed
from webserver.guesses import Guesses
from webserver.hub import Hub
from webserver.keep_going import keep_going
from webserver.limits import MAX_REQUEST_BYTES, LimitedApplication
from webserver.offload import Offload
from webserver.page_handlers import NothingHere, PageRouter
from webserver.page_listening import PageListening
from webserver.pages import ALL_PAGES, Pages
from webserver.presets import Presets
from webserver.proxies import Proxies
from webserver.safety import Safety
from webserver.sessions import Sessions
from webserver.site import Site
from webserver.socket import Socket
from webserver.static_files import StaticFiles
from webserver.unknown_types import UnknownTypes
from webserver.urls import ROUTES

_PING_S: Final = 20
_KEEP_LINES: Final = 500  # nobody resumes from this buffer


class App(LimitedApplication):
    """The web application, and what runs behind it between `start` and `close`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.safety.follow(site.commands, site.receipts, site.directory)
        self.hub = Hub(site)
        self._page_listening = PageListening(site)
        self.unknown_types = UnknownTypes(site)
        self.proxies = Proxies(site.settings.trusted_proxies)
        self._tasks: list[asyncio.Task[None]] = []
        super().__init__(
            [
                (r"/ws", Socket, {"hub": self.hub}),
                Rule(PathMatches(r"/x/[^/]+/api/.+"), PageRouter(self, site.pages)),
                *ROUTES,
            ],
            default_handler_class=NothingHere,
            site=site,
            cookie_secret=site.credentials.cookie_secret,
            xsrf_cookies=True,
            xsrf_cookie_name=site.sessions.xsrf_cookie,
            xsrf_cookie_kwargs={"httponly": True, "samesite": "Strict"},
            websocket_ping_interval=_PING_S,
            websocket_max_message_size=MAX_REQUEST_BYTES,
            log_function=log_request,
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return who answers a request, once it says whose it is."""
        self.proxies.apply(request)
        return super().find_handler(request, **kwargs)

    def start(self) -> None:
        """Begin to read the store; call it on the event loop."""
        site = self.site
        site.commands.start()
        site.operations.start()
        site.receipts.start()
        site.safety.look()
        site.logs.start()
        self._tasks = [
            asyncio.create_task(keep_going("the tail of the logs", self.hub.log_tail.run)),
            asyncio.create_task(keep_going("the look at the services", site.directory.watch)),
            asyncio.create_task(keep_going("the beat of the sockets", self.hub.beat)),
            asyncio.create_task(site.offload.page(_ignore(site.pages.refresh), owner=ALL_PAGES)),
        ]

    async def close(self) -> None:
        """Close every socket and stop reading; the engine stays open."""
        self.hub.close()
        self._page_listening.close()
        self.site.safety.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.site.commands.close()
        self.site.operations.close()
        self.site.receipts.close()
        self.site.logs.close()
        self.site.offload.close()


def make_app(settings: Settings, engine: Engine) -> App:
    """Return the web application of a rig; nothing runs before `start`.

    Raises:
        SettingsError: the data folder or the token's file cannot be used.
    """
    offload = Offload()
    site = Site(
        settings=settings,
        engine=engine,
        credentials=load_credentials(settings),
        offload=offload,
        directory=Directory(engine, offload),
        safety=Safety(engine, offload),
        commands=LogFeed(engine, COMMANDS),
        operations=LogFeed(engine, OPERATIONS),
        receipts=LogFeed(engine, RECEIPTS),
        logs=LogFeed(engine, LOGS, keep=_KEEP_LINES),
        pages=Pages(settings.pages_dir),
        presets=Presets(engine, offload),
        static=StaticFiles(),
        clock=StoreClock(logger),
        sessions=Sessions(
            settings.data_dir / "signed-out.json",
            rig=f"{settings.namespace}:{settings.port}",
            hours=settings.session_hours,
        ),
        users=Users(settings.users_path),
        guesses=Guesses(),
        wrong_guesses=asyncio.Lock(),
        version=_version(),
        revision=find_revision(settings),
    )
    return App(site)


def log_request(handler: RequestHandler) -> None:
    """Log a request without its query, which may hold a sign-in code."""
    status = handler.get_status()
    level = "ERROR" if status == 500 else "INFO" if status >= 400 else "DEBUG"  # noqa: PLR2004
    request = handler.request
    logger.log(
        level,
        "{method} {path} {status}",
        method=request.method,
        path=request.path[:200],
        status=status,
        took_s=round(request.request_time(), 4),
        address=request.remote_ip,
    )


def _ignore(call: Any) -> Any:
    return lambda: (call(), None)[1]


def _version() -> str:
    try:
        return version("durapy")
    except PackageNotFoundError:
        return "unknown"
