"""What the handlers of one web server share."""

from asyncio import Lock
from dataclasses import dataclass

from durapy_core.engines.base import Engine
from durapy_core.settings import Settings
from durapy_core.store_clock import StoreClock
from durapy_core.users import Users
from webserver.credentials import Credentials
from webserver.directory import Directory
from webserver.feed import LogFeed
from webserver.guesses import Guesses
from webserver.offload import Offload
from webserver.pages import Pages
from webserver.presets import Presets
from webserver.safety import Safety
from webserver.sessions import Sessions
from webserver.static_files import StaticFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of one web server, put together in `make_app`.

    Attributes:
        commands, operations, receipts, logs: the readers of these logs.
        clock: the store's, as this process knows it.
        sessions: who has signed in by a browser.
        users: who may by name.
        guesses: counts wrong sign-ins.
        wrong_guesses: held while a wrong token or code is answered slowly, so that guesses wait
            for each other; right ones do not wait.
    """

    settings: Settings
    engine: Engine
    credentials: Credentials
    offload: Offload
    directory: Directory
    safety: Safety
    commands: LogFeed
    operations: LogFeed
    receipts: LogFeed
    logs: LogFeed
    pages: Pages
    presets: Presets
    static: StaticFiles
    clock: StoreClock
    sessions: Sessions
    users: Users
    guesses: Guesses
    wrong_guesses: Lock
    version: str
    revision: str
