"""The engine on a Redis server: the default under Compose.

A log is the stream `durapy:{NAMESPACE}:LOG`; the braces are literal and keep all of a namespace in
one slot. A key is the id of a stream entry. Tables are hashes `durapy:{NAMESPACE}:table:TABLE`,
progress is a hash `durapy:{NAMESPACE}:progress:SERVICE`.

Connections of a process: one sends behind a lock, one per thread that reads at the same time, one
for everything else. What an append that returned survives is the server's choice. With AOF `always`
it survives the death of the server and of the computer. With `everysec` the last second or two may
be lost: when the computer dies, and, if its disk is slow to sync just then, also when the server is
killed, as Redis then answers before it has handed the record to the kernel. A sender notices a loss
that concerns its own last record, and says so.

If the server comes back with less than it had, a reader's cursor may lie beyond the end of the
log. The place to notice is `_read_once`, where `Link.ensure` says that it has connected anew.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from threading import Lock
from typing import Any, Final, TypeVar

from durapy_core.engines.base import Engine, EngineOptions, Progress, Row, check_entry
from durapy_core.engines.redis_link import REPLY_TIMEOUT_S, Link
from durapy_core.engines.redis_send import CHUNK, Sender
from durapy_core.engines.redis_server import Lost, RefusedError, Server
from durapy_core.engines.redis_url import parse_address
from durapy_core.engines.redis_wire import XreadPacker, is_key, order_of, pack, parse_entry
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import EngineError, EngineUnavailableError, SettingsError

T = TypeVar("T")

_RETRY_S: Final = 1.0
_LONGEST_BLOCK_S: Final = 5.0
_FOR_EVER_S: Final = 10.0**9
_AGAIN: Final = "make the same call again."
_PUT: Final = b"""
local now = redis.call('TIME')
local stamp = now[1] .. '.' .. string.format('%06d', now[2])
return redis.call('HSET', KEYS[1], ARGV[1], stamp .. ' ' .. ARGV[2])
"""


def open_redis(url: str, options: EngineOptions) -> Engine:
    """Return the engine on the server of a URL, once it answers.

    Raises:
        SettingsError: the URL is malformed, or the server refuses what it says.
        EngineUnavailableError: no answer within `connect_timeout_s`.
    """
    server = Server(parse_address(url, password=options.password))
    engine = RedisEngine(server, options)
    try:
        engine.wait_until_up()
    except RefusedError as error:
        engine.close()
        raise SettingsError(f"DURAPY_ENGINE: {error}") from error
    except BaseException:
        engine.close()
        raise
    return engine


class RedisEngine(Engine):
    """Logs as streams, tables and progress as hashes of one Redis server."""

    def __init__(self, server: Server, options: EngineOptions) -> None:
        self.options = options
        self._server = server
        self._prefix = f"durapy:{{{options.namespace}}}:"
        self._sender = Sender(server, prefix=self._prefix, timeout_s=options.send_timeout_s)
        self._control = Link(server)
        self._control_lock = Lock()
        self._idle: deque[Link] = deque()
        self._reading: set[Link] = set()
        self._readers: dict[str, XreadPacker] = {}
        self._sessions: dict[str, str | None] = {}
        self._commit_heads: dict[str, bytes] = {}
        self._last_read = ""

    def wait_until_up(self) -> None:
        """Return as soon as the server answers; see `open_redis`."""
        self._server.persist(
            self._control.ensure,
            for_s=self.options.connect_timeout_s or _FOR_EVER_S,
            else_="start it, or set DURAPY_ENGINE to the one that runs.",
        )

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Engine.append`."""
        check_entry(entry)
        return self._sender.append(log, entry)

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries, 100 in one transaction; see `Engine.append_many`."""
        for entry in entries:
            check_entry(entry)
        stored: list[Entry] = []
        for start in range(0, len(entries), CHUNK):
            stored += self._sender.append_chunk(log, entries[start : start + CHUNK])
        return stored

    def read(
        self,
        log: str,
        *,
        after: Cursor,
        limit: int = 128,
        wait_s: float = 0.0,
        commit: Progress | None = None,
    ) -> list[Entry]:
        """Return the entries after a cursor; see `Engine.read`."""
        if after is not self._last_read:
            order_of(after)
        self._server.check_open()
        reader = self._reader(log)
        left_s = wait_s
        deadline_s = time.monotonic() + wait_s
        while True:
            block_ms = ceil(min(left_s, _LONGEST_BLOCK_S) * 1000) if left_s > 0 else 0
            request = reader.pack(after=after, limit=limit, block_ms=block_ms)
            entries = self._read(reader.head, request, commit)
            if entries:
                self._last_read = entries[-1].key
                return entries
            if left_s <= _LONGEST_BLOCK_S or self._server.closed.is_set():
                return []
            commit = None
            left_s = deadline_s - time.monotonic()

    def page(self, log: str, *, before: Cursor | None = None, limit: int = 50) -> list[Entry]:
        """Return the entries before a cursor, newest first; see `Engine.page`."""
        stop = "+"
        if before is not None:
            if order_of(before) == (0, 0):
                return []
            stop = f"({before}"
        request = pack("XREVRANGE", self._prefix + log, stop, "-", "COUNT", limit)
        return [parse_entry(raw) for raw in self._call(request)]

    def get(self, log: str, key: str) -> Entry | None:
        """Return the entry with this key, or None."""
        if not is_key(key):
            return None
        found = self._call(pack("XRANGE", self._prefix + log, key, key))
        return parse_entry(found[0]) if found else None

    def end(self, log: str) -> Cursor:
        """Return the cursor after the last entry."""
        newest = self.page(log, limit=1)
        return Cursor(newest[0].key) if newest else START

    def compare(self, one: str, other: str) -> int:
        """Return the order of two keys; see `Engine.compare`."""
        left, right = order_of(one), order_of(other)
        return (left > right) - (left < right)

    def load_progress(self, service: str) -> Progress | None:
        """Return how far a service has come, or None."""
        key = self._progress_key(service)
        cursor, session = self._call(pack("HMGET", key, "cursor", "session"))
        if cursor is None:
            return None
        kept = (session or b"").decode(errors="replace")
        return Progress(
            service=service,
            cursor=Cursor(cursor.decode(errors="replace")),
            session=kept.removeprefix("=") if kept else None,
        )

    def commit(self, progress: Progress) -> None:
        """Keep how far a service has come."""
        self._with_control(lambda link: link.call(self._pack_commit(progress)))
        self._sessions[progress.service] = progress.session

    def put(self, table: str, name: str, text: str) -> None:
        """Write one line of a table."""
        self._call(pack("EVAL", _PUT, 1, self._table_key(table), name, text))

    def table(self, table: str) -> Mapping[str, Row]:
        """Return every line of a table."""
        requests = pack("TIME") + pack("HGETALL", self._table_key(table))

        def ask(link: Link) -> tuple[Any, Any]:
            link.send(requests)
            return link.reply(), link.reply()

        (seconds, micros), flat = self._with_control(ask)
        now_s = int(seconds) + int(micros) / 1e6
        values = iter(flat)
        return {
            name.decode(errors="replace"): _row(value, now_s=now_s)
            for name, value in zip(values, values, strict=True)
        }

    def remove(self, table: str, name: str) -> None:
        """Remove one line of a table."""
        self._call(pack("HDEL", self._table_key(table), name))

    def ping(self) -> None:
        """Ask the server for a sign of life; a connection that broke while idle is made anew."""
        self._call(pack("PING"), for_s=0.0)

    def close(self) -> None:
        """Close every connection; a blocked `read` ends at once."""
        self._server.closed.set()
        self._sender.close()
        for link in [self._control, *self._reading, *self._idle]:
            link.drop()

    def _reader(self, log: str) -> XreadPacker:
        reader = self._readers.get(log)
        if reader is None:
            reader = self._readers[log] = XreadPacker(self._prefix + log)
        return reader

    def _read(self, head: bytes, request: bytes, commit: Progress | None) -> list[Entry] | None:
        """Return what an XREAD finds, with a commit in the same round trip if there is one."""
        try:
            link = self._idle.pop()
        except IndexError:
            link = Link(self._server, timeout_s=_LONGEST_BLOCK_S + REPLY_TIMEOUT_S)
        self._reading.add(link)
        try:
            return self._read_once(link, head, request, commit)
        except Lost:
            return self._read_again(link, head, request, commit)
        finally:
            self._reading.discard(link)
            self._idle.append(link)

    def _read_again(
        self, link: Link, head: bytes, request: bytes, commit: Progress | None
    ) -> list[Entry] | None:
        try:
            return self._server.persist(
                lambda: self._read_once(link, head, request, commit), for_s=_RETRY_S, else_=_AGAIN
            )
        except EngineError:
            if self._server.closed.is_set():
                return None
            raise

    def _read_once(
        self, link: Link, head: bytes, request: bytes, commit: Progress | None
    ) -> list[Entry] | None:
        if not link.up and link.ensure():
            self._sessions.clear()
        if commit is None:
            link.send(request)
            return link.entries(head)
        link.send(self._pack_commit(commit) + request)
        try:
            link.reply()
        except BaseException:
            link.drop()  # the reply of the XREAD is never taken
            raise
        self._sessions[commit.service] = commit.session
        return link.entries(head)

    def _pack_commit(self, progress: Progress) -> bytes:
        """Return the HSET of a cursor, and of the session unless it is stored already."""
        service, cursor = progress.service, progress.cursor
        if self._sessions.get(service, ...) == progress.session:
            head = self._commit_heads.get(service) or self._make_commit_head(service)
            return b"%b$%d\r\n%b\r\n" % (head, len(cursor), cursor.encode())
        key = self._progress_key(service)
        session = "" if progress.session is None else f"={progress.session}"
        return pack("HSET", key, "cursor", cursor, "session", session)

    def _make_commit_head(self, service: str) -> bytes:
        whole = pack("HSET", self._progress_key(service), "cursor", "")
        head = self._commit_heads[service] = whole.removesuffix(b"$0\r\n\r\n")
        return head

    def _call(self, request: bytes, *, for_s: float = _RETRY_S) -> Any:
        return self._with_control(lambda link: link.call(request), for_s=for_s)

    def _with_control(self, action: Callable[[Link], T], *, for_s: float = _RETRY_S) -> T:
        def attempt() -> T:
            if self._control.ensure():
                self._sessions.clear()
            return action(self._control)

        if not self._control_lock.acquire(timeout=REPLY_TIMEOUT_S + for_s):
            raise EngineUnavailableError(f"{self._server.name} does not answer; {_AGAIN}")
        try:
            return self._server.persist(attempt, for_s=for_s, else_=_AGAIN)
        finally:
            self._control_lock.release()

    def _progress_key(self, service: str) -> str:
        return f"{self._prefix}progress:{service}"

    def _table_key(self, table: str) -> str:
        return f"{self._prefix}table:{table}"


def _row(value: bytes, *, now_s: float) -> Row:
    """Return a line from `SECONDS TEXT`."""
    stamp, _, text = value.decode(errors="replace").partition(" ")
    return Row(text=text, age_s=max(now_s - float(stamp), 0.0))
