"""Fans out what happens to every open socket: each event is turned into text once."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol

from durapy_core.aftermath import read_receipt, receipt_json
from durapy_core.entry import Cursor, Entry
from durapy_core.operations import state_of
from durapy_core.published import KnownTypes
from durapy_core.record_json import record_json
from webserver.directory import Snapshot
from webserver.events import Batch, Event, in_batches
from webserver.log_tail import LogTail
from webserver.resume import Position
from webserver.site import Site

COMMAND: Final = "command"
OPERATION: Final = "operation"
RECEIPT: Final = "receipt"
SERVICES: Final = "services"
TYPES: Final = "types"
SAFETY: Final = "safety"
PRESETS: Final = "presets"
LOG: Final = "log"
TOPICS: Final = frozenset({COMMAND, OPERATION, RECEIPT, SERVICES, TYPES, SAFETY, PRESETS, LOG})

_CURSOR_OF: Final = {COMMAND: "commands", OPERATION: "operations", RECEIPT: "receipts"}
"""Where a position keeps how far a topic's log was seen."""

HEARTBEAT_S: Final = 2.0
SIGNED_OUT: Final = 4003
"""The code with which a socket ends whose user is not signed in any more."""

GAP: Final = 4009
"""The code with which a socket ends when entries are missing before what would come next."""

_NO_TYPES: Final = KnownTypes([], [])


class Client(Protocol):
    """An open socket, as the hub sees it."""

    topics: set[str]
    live: bool

    def push(self, text: str) -> None:
        """Send a message."""

    def take(self, batch: Batch) -> None:
        """Send the events, or stop being live where too much is waiting."""

    def may_stay(self) -> bool:
        """Return whether whoever opened it is still signed in."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the connection."""


class Hub:
    """Knows every open socket and tells it what happens."""

    def __init__(self, site: Site) -> None:
        self.clients: set[Client] = set()
        self.log_tail = LogTail(site.logs)
        self._site = site
        self._data_of: dict[str, Callable[[Entry], dict[str, Any] | None]] = {
            COMMAND: self._command,
            OPERATION: _operation,
            RECEIPT: _receipt,
        }
        for topic, feed in (
            (COMMAND, site.commands),
            (OPERATION, site.operations),
            (RECEIPT, site.receipts),
        ):
            feed.listen(partial(self._tell, topic))
            feed.listen_for_jumps(self._start_over)
        site.directory.listen(self._look)
        site.safety.listen(self._tell_safety)
        site.presets.listen(self._tell_presets)

    @property
    def position(self) -> Position:
        """How far those that are live have seen the logs."""
        site = self._site
        return Position(site.commands.position, site.operations.position, site.receipts.position)

    async def beat(self) -> None:
        """Send a heartbeat every two seconds for ever, to those who are signed in still."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            for client in [client for client in self.clients if not client.may_stay()]:
                client.close(SIGNED_OUT, "signed out")
            self._push(self.heartbeat(), lambda _: True)

    def heartbeat(self) -> str:
        """Return the message that says that the server lives, and whether the store does."""
        engine = "ok" if self._site.offload.engine_ok else "unavailable"
        now = datetime.fromtimestamp(self._site.clock.now_s(), UTC)  # browsers set theirs by it
        return dump({"op": "hb", "t": _now(now), "engine": engine})

    def event_of(self, topic: str, entry: Entry, position: Position) -> str | None:
        """Return the event of an entry, or None if nobody needs to hear of it."""
        data = self._data_of[topic](entry)
        if data is None:
            return None
        return _event(topic, data, at=entry.sent_at, resume=position.to_token())

    def log_event(self, lines: list[dict[str, Any]], *, gap: bool) -> str:
        """Return the event of new log lines, and whether some before them are left out."""
        return _event(LOG, {"lines": lines, "gap": gap})

    def services_event(self) -> str | None:
        """Return what the services said last, or None before the first look."""
        snapshot = self._site.directory.last
        if snapshot is None:
            return None
        return _event(SERVICES, data=snapshot.services_json())

    def safety_event(self) -> str | None:
        """Return the safe state as it was found last, or None before the first look."""
        report = self._site.safety.last
        return None if report is None else _event(SAFETY, data=report.model_dump(mode="json"))

    def close(self) -> None:
        """Tell every browser that the server is going away."""
        for client in list(self.clients):
            client.close(1001, "the web server is stopping")

    def _start_over(self) -> None:
        """Have everybody connect again, to be told of the gap that there is for them now."""
        for client in list(self.clients):
            client.close(GAP, "entries are missing: connect again and read the history")

    def _tell(self, topic: str, cursor: Cursor, entries: Sequence[Entry]) -> None:
        if not any(client.live and topic in client.topics for client in self.clients):
            return
        for batch in in_batches(self._events_of(topic, cursor, entries)):
            for client in [c for c in self.clients if c.live and topic in c.topics]:
                client.take(batch)

    def _events_of(self, topic: str, cursor: Cursor, entries: Sequence[Entry]) -> Iterator[Event]:
        before = moved(self.position, topic, cursor)
        for entry in entries:
            after = moved(before, topic, entry.key)
            if text := self.event_of(topic, entry, after):
                yield Event(before, text)
            before = after

    def _look(self, snapshot: Snapshot, types_changed: bool) -> None:  # noqa: FBT001 (a listener)
        if types_changed:
            text = _event(TYPES)
            self._push(text, lambda client: TYPES in client.topics)
        if any(SERVICES in client.topics for client in self.clients):
            text = _event(SERVICES, data=snapshot.services_json())
            self._push(text, lambda client: SERVICES in client.topics)

    def _tell_safety(self, report: dict[str, Any]) -> None:
        self._push(_event(SAFETY, data=report), lambda client: SAFETY in client.topics)

    def _tell_presets(self) -> None:
        self._push(_event(PRESETS), lambda client: PRESETS in client.topics)

    def _push(self, text: str, wanted: Callable[[Client], bool]) -> None:
        for client in [client for client in self.clients if wanted(client)]:
            client.push(text)

    def _command(self, entry: Entry) -> dict[str, Any]:
        snapshot = self._site.directory.last
        return record_json(entry, snapshot.known if snapshot else _NO_TYPES, live=True)


def moved(position: Position, topic: str, key: str) -> Position:
    """Return the position with another cursor for this topic's log."""
    return replace(position, **{_CURSOR_OF[topic]: Cursor(key)})


def dump(message: dict[str, Any]) -> str:
    """Return a message as it goes over the socket."""
    return json.dumps(message, separators=(",", ":"))


def _event(topic: str, data: Any = None, *, at: datetime | None = None, **more: str) -> str:
    """Return an event. One that is of no log has no `resume`: it may overtake what is replayed."""
    message = {"op": "event", "topic": topic, "t": _now(at), **more}
    return dump(message if data is None else {**message, "data": data})


def _receipt(entry: Entry) -> dict[str, Any] | None:
    receipt = read_receipt(entry)
    return None if receipt is None else receipt_json(receipt)


def _operation(entry: Entry) -> dict[str, Any] | None:
    state = state_of(entry)
    return None if state is None else state.model_dump(mode="json")


def _now(at: datetime | None = None) -> str:
    return (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
