"""The stores that are measured: one that is named, or throw-away ones of our own.

Nothing is written to a namespace or a file of the user's: on a Redis server a namespace of our own
is used and removed, beside an SQLite file a folder.
"""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from durapy_core.bench.private_redis import PrivateRedis
from durapy_core.bench.rivals import Keeper
from durapy_core.engines import mask_url
from durapy_core.engines.redis_url import parse_address
from durapy_core.errors import SettingsError

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One store to measure on.

    Attributes:
        name: for people.
        url, password: how it is reached.
        namespace: the beginning of those that may be used; all of them are removed.
        keeper: a connection to the Redis server; None on SQLite.
        server_pid: of a Redis server of our own.
    """

    name: str
    url: str
    password: str | None
    namespace: str
    keeper: Keeper | None = None
    server_pid: int | None = None

    def trim(self, namespace: str, keep: int) -> None:
        """Leave the newest entries of the log of commands, where that can be done in passing."""
        if self.keeper is not None:
            self.keeper.trim(stream_of(namespace), keep)


def stream_of(namespace: str) -> str:
    """Return the stream of the log of commands of a namespace; rivals use one of the same form."""
    return f"durapy:{{{namespace}}}:commands"


@contextmanager
def open_stores(
    urls: Sequence[str], *, password: str | None, appendfsync: str, say: Say
) -> Iterator[list[Store]]:
    """Give the stores of these URLs; without any, a private Redis, if there can be one, and SQLite.

    Raises:
        SettingsError: a URL is of an engine that cannot be measured.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(_named(url, password)) for url in urls] or [
            *stack.enter_context(_private_redis(appendfsync, say)),
            stack.enter_context(_sqlite(None, "SQLite")),
        ]


@contextmanager
def _named(url: str, password: str | None) -> Iterator[Store]:
    scheme = url.partition("://")[0].lower()
    if scheme in {"redis", "rediss", "unix"}:
        with _redis(url, mask_url(url), password=password) as store:
            yield store
    elif url.lower().startswith("sqlite:///"):
        with _sqlite(Path(unquote(url[10:])).absolute().parent, url) as store:
            yield store
    else:
        raise SettingsError(
            f"--engine {mask_url(url)} cannot be measured: several processes play; "
            "give it redis://…, rediss://…, unix://… or sqlite:///…"
        )


@contextmanager
def _private_redis(appendfsync: str, say: Say) -> Iterator[list[Store]]:
    if not shutil.which("redis-server"):
        say("no redis-server is installed here and no --engine redis://… is given: SQLite only")
        yield []
        return
    with PrivateRedis(appendfsync) as server:
        pid = server.pid
        with (
            _redis(server.unix_url, "Redis, Unix socket", server_pid=pid) as unix,
            _redis(server.tcp_url, "Redis, TCP", server_pid=pid) as tcp,
        ):
            yield [unix, tcp]


@contextmanager
def _redis(
    url: str, name: str, *, password: str | None = None, server_pid: int | None = None
) -> Iterator[Store]:
    parse_address(url, password=password)  # says what is wrong with it
    keeper = Keeper(url, password, name=name)
    namespace = f"bench-{secrets.token_hex(4)}"
    keeper.remove(f"durapy:{{{namespace}")  # fails now rather than at the end
    try:
        yield Store(
            name=name,
            url=url,
            password=password,
            namespace=namespace,
            keeper=keeper,
            server_pid=server_pid,
        )
    finally:
        keeper.remove(f"durapy:{{{namespace}")
        keeper.close()


@contextmanager
def _sqlite(beside: Path | None, name: str) -> Iterator[Store]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="durapy-bench-", dir=beside)
    except OSError as error:
        raise SettingsError(f"--engine {name}: no folder can be made beside it: {error}") from error
    with folder as path:
        url = f"sqlite:///{quote(path)}/bench.db"
        yield Store(name=name, url=url, password=None, namespace="bench")
