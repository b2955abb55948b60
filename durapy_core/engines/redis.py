"""The engine on a Redis server: the default under Compose.

A log is the stream `durapy:{NAMESPACE}:LOG`; the braces are literal and keep all of a namespace in
one slot. A key is the id of a stream entry. Tables are hashes `durapy:{NAMESPACE}:table:TABLE`,
progress is a hash `durapy:{NAMESPACE}:progress:SERVICE`.

Connections of a process: one sends behind a lock, one per thread that reads at the same time, one
for everything else. What an append that returned survives is the server's choice. With AOF `always`
it survives the death of the server and of the computer. With `everysec` the last second or two may
be lost: when the computer dies, and also when the server is killed during a sync, as Redis then
answers before it has handed the record to the kernel; a busy disk or computer makes a sync long. A
sender notices a loss that concerns its own last record, and says so.

If the server comes back with less than it had, a reader's cursor may lie beyond the end of the
log. A read that had to connect anew notices, see `redis_read.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakSet

from durapy_core.engines.base import Engine, EngineOptions, Progress, Row
from durapy_core.engines.lead import Lead
from durapy_core.engines.redis_commit import Account, Commit, parse_progress, progress_key
from durapy_core.engines.redis_control import RETRY_S, Control
from durapy_core.engines.redis_identity import Identity
from durapy_core.engines.redis_lead import RedisLead, take_lead
from durapy_core.engines.redis_link import Link
from durapy_core.engines.redis_read import READ_TIMEOUT_S, Reader
from durapy_core.engines.redis_safe_state import RedisSafeState
from durapy_core.engines.redis_send import Sender
from durapy_core.engines.redis_server import Namespace, RefusedError, Server
from durapy_core.engines.redis_upkeep import RedisUpkeep
from durapy_core.engines.redis_url import parse_address
from durapy_core.engines.redis_wire import is_key, order_of, pack, parse_entry
from durapy_core.entry import Cursor, Entry, NewEntry
from durapy_core.errors import SettingsError

_FOR_EVER_S: Final = 10.0**9
_SCAN: Final = 1000
_SCANNED_PAGES: Final = 100
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


class RedisEngine(RedisUpkeep, RedisSafeState, Engine):
    """Logs as streams, tables and progress as hashes of one Redis server."""

    def __init__(self, server: Server, options: EngineOptions) -> None:
        self.options = options
        self._server = server
        self._prefix = f"durapy:{{{options.namespace}}}:"
        self._namespace = Namespace(
            server=server, prefix=self._prefix, send_timeout_s=options.send_timeout_s
        )
        self._sender = Sender(self._namespace, Link(server, greet=Identity().greet))
        self._control_link = Link(server, greet=lambda _: self._forget())
        self._control = Control(server, self._control_link)
        self._reader = Reader(
            self._namespace,
            make_link=lambda: Link(server, timeout_s=READ_TIMEOUT_S),
            on_connect=self._forget,
        )
        self._accounts: dict[str, Account] = {}
        self._leads: WeakSet[RedisLead] = WeakSet()

    def wait_until_up(self) -> None:
        """Return as soon as the server answers; see `open_redis`."""
        self._server.persist(
            self._control_link.ensure,
            for_s=self.options.connect_timeout_s or _FOR_EVER_S,
            else_="start it, or set DURAPY_ENGINE to the one that runs.",
        )

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Engine.append`."""
        return self._sender.append(log, entry)

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries, 100 in one transaction; see `Engine.append_many`."""
        return self._sender.append_many(log, entries)

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
        before = None if commit is None else Commit(self._account(commit.service), commit)
        return self._reader.read(log, after=after, limit=limit, wait_s=wait_s, before=before)

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
        return Cursor(newest[0].key) if newest else self.end_of_empty(log)

    def compare(self, one: str, other: str) -> int:
        """Return the order of two keys; see `Engine.compare`."""
        left, right = order_of(one), order_of(other)
        return (left > right) - (left < right)

    def load_progress(self, service: str) -> Progress | None:
        """Return how far a service has come, or None."""
        key = progress_key(self._prefix, service)
        return parse_progress(service, *self._call(pack("HMGET", key, "cursor", "session")))

    def commit(self, progress: Progress) -> None:
        """Keep how far a service has come."""
        self._control.run(Commit(self._account(progress.service), progress))

    def lead(self, service: str, *, lease_s: float) -> Lead | None:
        """Take the lease of a service, or return None."""
        lead = take_lead(self._namespace, service, lease_s=lease_s, control=self._control)
        if lead is not None:
            self._leads.add(lead)
        return lead

    def caused_by(self, log: str, key: str, *, limit: int = 100) -> list[Entry]:
        """Return the entries that a record caused; see `Engine.caused_by`."""
        if not is_key(key):
            return []
        cause, found = key.encode(), list[Entry]()
        start = key.partition("-")[0]
        for _ in range(_SCANNED_PAGES):
            page = self._call(pack("XRANGE", self._prefix + log, start, "+", "COUNT", _SCAN))
            likely = (parse_entry(raw) for raw in page if cause in raw[1])
            found += [entry for entry in likely if entry.cause == key]
            if len(page) < _SCAN or len(found) >= limit:
                break
            start = f"({page[-1][0].decode()}"
        return found[:limit]

    def now_s(self) -> float:
        """Return the server's clock."""
        seconds, micros = self._call(pack("TIME"))
        return int(seconds) + int(micros) / 1e6

    def put(self, table: str, name: str, text: str) -> None:
        """Write one line of a table."""
        self._call(pack("EVAL", _PUT, 1, self._table_key(table), name, text))

    def table(self, table: str) -> Mapping[str, Row]:
        """Return every line of a table."""
        requests = pack("TIME") + pack("HGETALL", self._table_key(table))

        def ask(link: Link) -> tuple[Any, Any]:
            link.send(requests)
            return link.reply(), link.reply()

        (seconds, micros), flat = self._control.run(ask)
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
        self._control.close()
        self._reader.close()
        for lead in list(self._leads):
            lead.close()

    def _account(self, service: str) -> Account:
        account = self._accounts.get(service)
        return account or self._accounts.setdefault(service, Account(self._prefix, service))

    def _forget(self) -> None:
        """Take no session as stored: the server may have lost it while it was away."""
        for account in list(self._accounts.values()):
            account.forget()

    def _call(self, request: bytes, *, for_s: float = RETRY_S) -> Any:
        return self._control.call(request, for_s=for_s)

    def _table_key(self, table: str) -> str:
        return f"{self._prefix}table:{table}"


def _row(value: bytes, *, now_s: float) -> Row:
    """Return a line from `SECONDS TEXT`."""
    stamp, _, text = value.decode(errors="replace").partition(" ")
    return Row(text=text, age_s=abs(now_s - float(stamp)))
