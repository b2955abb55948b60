"""Who is up and which commands there are: read from the store's tables, for all who ask here."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from durapy_core.engines.base import CATALOG, STATUS, Engine
from durapy_core.entry import RESERVED_TYPES, Entry
from durapy_core.errors import CommandError, EngineError
from durapy_core.fleet import Heard, OverallSession, current_statuses, session_of
from durapy_core.published import KnownTypes, known_types
from durapy_core.status import DOWN_AFTER_S
from webserver.offload import Offload

_LOOK_EVERY_S: Final = 1.0
_FRESH_S: Final = 1.5
_JUST_AFTER_S: Final = 0.02
_NO_TYPES: Final = KnownTypes([], [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the tables said at one moment; `read_at` is this process's monotonic clock."""

    fleet: list[Heard]
    session: OverallSession
    known: KnownTypes
    read_at: float

    def services_json(self) -> dict[str, Any]:
        """Return the services and the session as the API and the socket show them."""
        return {
            "services": [_heard_json(heard) for heard in self.fleet],
            "session": self.session.model_dump(mode="json"),
        }

    def types_json(self) -> list[dict[str, Any]]:
        """Return the commands as the API shows them."""
        return [known.to_json() for known in self.known]


Listener = Callable[[Snapshot, bool], None]
"""Is called with each new snapshot, and whether the commands differ from the one before."""


class Directory:
    """Looks at the status and catalog tables once a second, and whenever somebody must be sure."""

    def __init__(self, engine: Engine, offload: Offload) -> None:
        self._engine = engine
        self._offload = offload
        self._listeners: list[Listener] = []
        self._types: list[dict[str, Any]] | None = None
        self.last: Snapshot | None = None

    def listen(self, listener: Listener) -> None:
        """Call `listener` after each look."""
        self._listeners.append(listener)

    async def load(self) -> Snapshot:
        """Return what the tables say now.

        Raises:
            EngineUnavailableError: the store did not answer.
        """
        self.last = await self._offload.engine(self._read)
        return self.last

    async def recent(self) -> Snapshot:
        """Return what the tables said a moment ago, or now if nobody looked lately."""
        if self.last is not None and monotonic() - self.last.read_at < _FRESH_S:
            return self.last
        return await self.load()

    async def known_for(self, entry: Entry) -> KnownTypes:
        """Return the commands by which an entry that was just stored is shown.

        What the runtime itself writes needs none, so an emergency waits for no catalog.
        """
        return _NO_TYPES if entry.type in RESERVED_TYPES else (await self.recent()).known

    async def check(self, wire_type: str, body: object) -> None:
        """Return if a body fits its command; one that does not is judged by the newest catalog.

        Raises:
            UnknownCommandError, InvalidCommandError: see `KnownTypes.check`.
            EngineUnavailableError: the store did not answer.
        """
        try:
            (await self.recent()).known.check(wire_type, body)
        except CommandError:
            (await self.load()).known.check(wire_type, body)

    async def watch(self) -> None:
        """Look once a second for ever, and tell the listeners."""
        while True:
            wait_s = _LOOK_EVERY_S
            with suppress(EngineError):  # the offload says so, and the heartbeat tells browsers
                snapshot = await self.load()
                self._tell(snapshot)
                wait_s = min(wait_s, until_one_is_down_s(snapshot.fleet))
            await asyncio.sleep(wait_s)

    def _tell(self, snapshot: Snapshot) -> None:
        types = snapshot.types_json()
        changed, self._types = types != self._types, types
        for listener in self._listeners:
            listener(snapshot, changed)

    def _read(self) -> Snapshot:
        fleet = current_statuses(self._engine.table(STATUS))
        return Snapshot(
            fleet=fleet,
            session=session_of(fleet),
            known=known_types(self._engine.table(CATALOG), fleet),
            read_at=monotonic(),
        )


def until_one_is_down_s(fleet: list[Heard]) -> float:
    """Return in how many seconds the first of those that are up counts as down unless heard."""
    oldest_s = max((heard.age_s for heard in fleet if heard.up), default=0.0)
    return DOWN_AFTER_S - oldest_s + _JUST_AFTER_S


def _heard_json(heard: Heard) -> dict[str, Any]:
    status = heard.status.model_dump(mode="json")
    return {**status, "age_s": round(heard.age_s, 3), "up": heard.up}
