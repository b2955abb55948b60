"""Appending to Redis so that a lost reply neither loses nor doubles an entry.

Every entry carries an `id`. When a connection breaks with replies outstanding, the sender, still
holding its lock,

1. connects anew and has the server kill the old connection, whose last bytes might otherwise be
   executed later, behind the look-back;
2. looks for its own ids behind the last key it had seen before;
3. sends again what is missing, in order, before anything new.

A caller's own `id` is kept for `KEEP_ID_S` under a key of its own, which a script checks in the
same step as it appends: a look-back over 10 minutes of a busy log would read too much. Entries
without one, all that services send, do not pay for it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any, Final

from durapy_core.engines.redis_link import Link
from durapy_core.engines.redis_server import Lost, Namespace
from durapy_core.engines.redis_wire import (
    FIRST,
    XaddPacker,
    made_entry,
    order_of,
    pack,
    parse_entry,
)
from durapy_core.entry import Entry, NewEntry, check_entry
from durapy_core.errors import EngineUnavailableError

CHUNK: Final = 100
KEEP_ID_S: Final = 900
_LOOK_BACK: Final = 500
_SCRIPT: Final = b"""
local key = redis.call('GET', KEYS[2])
if key then return {key, 1} end
key = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
redis.call('SET', KEYS[2], key, 'EX', ARGV[1])
return {key, 0}
"""


@dataclass(slots=True)
class _Send:
    """One entry on its way; `stored` once the server has given it a key."""

    new: NewEntry
    id: str
    packed: bytes
    stored: Entry | None = None


class Sender:
    """The one connection through which a process appends; in turn, behind a lock.

    Its link must end the connection before it whenever it connects; see `Identity`.
    """

    def __init__(self, namespace: Namespace, link: Link) -> None:
        self._server = namespace.server
        self._prefix = namespace.prefix
        self._timeout_s = namespace.send_timeout_s
        self._link = link
        self._lock = Lock()
        self._boot = secrets.token_hex(6)
        self._seq = count(1)
        self._packers: dict[str, XaddPacker] = {}
        self._last_keys: dict[str, str] = {}

    def append(self, log: str, new: NewEntry) -> Entry:
        """Append one entry; see `Engine.append`."""
        check_entry(new)
        send_id, packed = self._pack(log, new)
        self._enter()
        try:
            if new.id is None and self._link.up and log in self._last_keys:
                try:
                    key: str = self._link.call(packed).decode()
                except Lost:
                    return self._deliver(log, [_Send(new, send_id, packed)], doubt=True)[0]
                self._last_keys[log] = key
                return made_entry(key, new, send_id)
            return self._deliver(log, [_Send(new, send_id, packed)], doubt=False)[0]
        finally:
            self._lock.release()

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Append entries, 100 in one transaction; see `Engine.append_many`."""
        for entry in entries:
            check_entry(entry)
        stored: list[Entry] = []
        for start in range(0, len(entries), CHUNK):
            stored += self._append_chunk(log, entries[start : start + CHUNK])
        return stored

    def close(self) -> None:
        """Close the connection; an append under way is given up."""
        self._link.drop()

    def _append_chunk(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        sends = [_Send(new, *self._pack(log, new)) for new in entries]
        self._enter()
        try:
            return self._deliver(log, sends, doubt=False)
        finally:
            self._lock.release()

    def _enter(self) -> None:
        if not self._lock.acquire(timeout=self._timeout_s):
            raise EngineUnavailableError(
                f"{self._server.name} does not answer; the command was not stored."
            )

    def _pack(self, log: str, new: NewEntry) -> tuple[str, bytes]:
        """Return the id and the request of a send."""
        if new.id is not None:
            return new.id, self._pack_checked(log, new, new.id)
        packer = self._packers.get(log)
        if packer is None:
            packer = self._packers[log] = XaddPacker(self._prefix + log)
        send_id = f"{self._boot}/{next(self._seq)}"
        return send_id, packer.pack(new, send_id)

    def _pack_checked(self, log: str, new: NewEntry, send_id: str) -> bytes:
        fields: list[bytes | str | int] = ["type", new.type, "body", new.body, "id", send_id]
        for name in ("sender", "cause", "n", "sent_ns"):
            value = getattr(new, name)
            if value is not None:
                fields += [name, value]
        stream, mark = self._prefix + log, f"{self._prefix}sent:{log}:{send_id}"
        return pack("EVAL", _SCRIPT, 2, stream, mark, KEEP_ID_S, *fields)

    def _deliver(self, log: str, sends: list[_Send], *, doubt: bool) -> list[Entry]:
        """Append `sends`, however often the connection breaks.

        `doubt`: they were sent before, and no reply came.
        """

        def attempt() -> None:
            nonlocal doubt
            anew = self._link.ensure()  # then the connection before it is dead
            if (anew and not doubt) or log not in self._last_keys:
                self._last_keys[log] = self._end(log)
            if doubt:
                self._look_back(log, sends)
            missing = [send for send in sends if send.stored is None]
            doubt = True
            if missing:
                self._transmit(log, missing)

        self._server.persist(
            attempt, for_s=self._timeout_s, else_="whether the command was stored is unknown."
        )
        return [send.stored for send in sends if send.stored is not None]

    def _end(self, log: str) -> str:
        found = self._link.call(pack("XREVRANGE", self._prefix + log, "+", "-", "COUNT", 1))
        return parse_entry(found[0]).key if found else FIRST

    def _look_back(self, log: str, sends: list[_Send]) -> None:
        """Find those of `sends` that were stored although their reply was lost."""
        stream, start = self._prefix + log, self._last_keys[log]
        wanted = {send.id: send for send in sends if send.stored is None and send.new.id is None}
        if start != FIRST and not self._link.call(pack("XRANGE", stream, start, start)):
            del self._last_keys[log]
            raise EngineUnavailableError(
                f"send-unknown: {self._server.name} lost its newest records or was trimmed up to "
                f"here; whether {sends[0].new.type} was stored is unknown, and it is not sent "
                "again. Look at the history."
            )
        while wanted:
            page = self._link.call(pack("XRANGE", stream, f"({start}", "+", "COUNT", _LOOK_BACK))
            for raw in page:
                entry = parse_entry(raw)
                if entry.id in wanted:
                    wanted.pop(entry.id).stored = entry
            if len(page) < _LOOK_BACK:
                return
            start = page[-1][0].decode()

    def _transmit(self, log: str, sends: list[_Send]) -> None:
        packed = b"".join(send.packed for send in sends)
        alone = len(sends) == 1
        replies = [self._link.call(packed)] if alone else self._link.transact(packed, len(sends))
        for send, reply in zip(sends, replies, strict=True):
            self._take_reply(log, send, reply)

    def _take_reply(self, log: str, send: _Send, reply: Any) -> None:
        first, known = (reply, 0) if send.new.id is None else reply
        key = first.decode()
        found = known and self._link.call(pack("XRANGE", self._prefix + log, key, key))
        send.stored = parse_entry(found[0]) if found else made_entry(key, send.new, send.id)
        if order_of(key) > order_of(self._last_keys[log]):
            self._last_keys[log] = key
