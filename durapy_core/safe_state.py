"""Entering and leaving the safe state as console and command line do it, and who says it is safe.

What is said comes from the status of each service, which it writes as soon as it has an answer;
for the record there is a receipt as well, whose cause is the marker in the log of commands.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from durapy_core.engines.base import SAFETY, Engine
from durapy_core.engines.safe_state import SafeState
from durapy_core.entry import CLEAR_SAFE_STATE, SAFE_STATE, Entry, NewEntry
from durapy_core.fleet import Heard, load_fleet
from durapy_core.json_text import JsonTextError, parse_json
from durapy_core.status import ServiceState, ServiceStatus

_LONGEST_REASON: Final = 500


class ServiceSafety(BaseModel):
    """What one service says of the safe state: see `SafeAnswer`; `down`: it died without a word."""

    model_config = ConfigDict(frozen=True)

    service: str
    replica: str
    state: Literal["safe", "failed", "waiting", "none", "down"]
    text: str = ""
    took_s: float | None = None


class SafetyReport(BaseModel):
    """The safe state of the rig.

    Attributes:
        key: of the record that entered it, in the log `safety`; with `since`, `by` and `reason`
            it says nothing while the safe state is not engaged.
        services: those that are up, those that answered, and those that died with something to make
            safe; none while it is not engaged.
    """

    model_config = ConfigDict(frozen=True)

    engaged: bool = False
    key: str | None = None
    since: datetime | None = None
    by: str | None = None
    reason: str = ""
    services: tuple[ServiceSafety, ...] = ()

    @classmethod
    def of(cls, state: SafeState, entered: Entry | None, fleet: Iterable[Heard]) -> Self:
        """Put it together from what the store says."""
        if not state.engaged or state.key is None:
            return cls()
        return cls(
            engaged=True,
            key=state.key,
            since=entered.sent_at if entered else None,
            by=entered.sender if entered else None,
            reason=_reason_in(entered),
            services=_services(list(fleet), state.key),
        )


def enter_safe_state(
    engine: Engine, *, by: str, reason: str = "", send_id: str | None = None
) -> SafeState:
    """Enter the safe state in one step; entering it again has every service make safe again.

    `by` is who does so: `webserver:USER`, `cli:USER`, a service. `reason` is for people and cut
    after 500 characters. A request that is made again under the same `send_id` changes nothing.

    Raises:
        EngineUnavailableError: the store did not answer; make the same call again.
        EngineError: the store refused it.
    """
    said = reason[:_LONGEST_REASON].encode(errors="replace").decode()  # refused for no text at all
    body = json.dumps({"reason": said})
    entry = NewEntry(type=SAFE_STATE, body=body, sender=by, id=send_id or str(uuid4()))
    return engine.set_safe_state(entry, engaged=True)


def clear_safe_state(engine: Engine, *, by: str, send_id: str | None = None) -> SafeState:
    """Leave the safe state in one step; see `enter_safe_state`."""
    entry = NewEntry(type=CLEAR_SAFE_STATE, body="{}", sender=by, id=send_id or str(uuid4()))
    return engine.set_safe_state(entry, engaged=False)


def load_safety(engine: Engine) -> SafetyReport:
    """Return the safe state of the rig and what each service says of it now.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    state = engine.safe_state()
    if not state.engaged or state.key is None:
        return SafetyReport()
    return SafetyReport.of(state, engine.get(SAFETY, state.key), load_fleet(engine))


def _services(fleet: list[Heard], key: str) -> tuple[ServiceSafety, ...]:
    led = {h.status.service for h in fleet if h.up and h.status.state is not ServiceState.STANDBY}
    rows = []
    for heard in fleet:
        status = heard.status
        stands_by = status.state is ServiceState.STANDBY and status.service in led
        if not stands_by and (heard.up or (status.makes_safe and _left_something(status, key))):
            rows.append(_row(heard, key))
    return tuple(rows)


def _left_something(status: ServiceStatus, key: str) -> bool:
    """Return whether one that is gone answered, or died and so switched nothing off."""
    answered = status.safe_state is not None and status.safe_state.key == key
    return answered or status.state is not ServiceState.STOPPED


def _row(heard: Heard, key: str) -> ServiceSafety:
    status, said = heard.status, heard.status.safe_state
    if said is not None and said.key == key and (heard.up or said.state != "waiting"):
        answer = said.model_dump(exclude={"key"})
    elif not heard.up:
        answer = {"state": "down"}
    else:
        answer = {"state": "waiting" if status.makes_safe else "none"}
    return ServiceSafety(service=status.service, replica=status.replica, **answer)


def _reason_in(entry: Entry | None) -> str:
    try:
        body = parse_json((entry.body if entry else None) or "{}")
    except JsonTextError:
        return ""
    return str(body.get("reason", "")) if isinstance(body, dict) else ""
