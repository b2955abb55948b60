"""What a running service says of itself once a second, and how a reader judges it.

Plain data: the runtime makes it, an engine keeps it as text, the console and `durapy ps` show it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

DOWN_AFTER_S = 3.0
"""A status older than this, by the store's clock, means that the service is down."""


RolloutWay = Literal["beside", "stop_first"]
"""How a service may be replaced: the new replica stands by beside the old one, or the old one ends
first."""


class ServiceState(StrEnum):
    """What a service is doing; `standby`: another process of its name leads it."""

    STARTING = "starting"
    STANDBY = "standby"
    IDLE = "idle"
    IN_SESSION = "in_session"
    BUSY = "busy"
    STOPPING = "stopping"
    STOPPED = "stopped"


class SessionInfo(BaseModel):
    """The session that a service is in.

    Attributes:
        key: key of the initiating record: the session's id.
        type: wire type of the initiating command.
        label: the value of its field marked `session_label`.
        since: when it was initiated, by the store's clock (UTC).
        ends: the wire type that ends it.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    type: str
    label: str | None = None
    since: datetime
    ends: str


class SafeAnswer(BaseModel):
    """What one replica says of the safe state while that is engaged.

    Attributes:
        key: of the record that entered it, in the log `safety`.
        state: `safe` or `failed` once its handlers were called; `waiting` before, and in a replica
            that stands by; `none` if it has no handler and only refuses what actuates.
        text: why it failed; empty otherwise.
        took_s: how long its handlers took, in seconds; None if none was called.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    state: Literal["safe", "failed", "waiting", "none"]
    text: str = ""
    took_s: float | None = None


class RecordName(BaseModel):
    """Which record is meant.

    Attributes:
        key: its key in the log of commands.
        type: its wire type; None if it has none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    type: str | None = None


class ServiceStatus(BaseModel):
    """One replica's own account.

    Attributes:
        service: its name.
        replica: a name of this process, new at every start.
        host: the computer's or container's name.
        pid: its process id there.
        revision: the code it runs.
        state: see `ServiceState`; `busy` once a handler has run for more than one second.
        busy_key: key of the record being handled, while `busy`.
        busy_s: how long that has taken, in seconds.
        session: the open session, or None.
        started_at: when the process started (UTC).
        handled, failed, invalid: records since the start, by how they ended.
        last_failed, last_invalid: the newest of them; None if there was none since the start.
        skipped: records since the start that were expired, interrupted or refused.
        unknown_fields: fields left out while decoding, since the start.
        lost_tails: how often the store was found to have lost the latest records, since the start.
        lag_s: from sending to handling of the last record, in seconds, both by the store's clock;
            None before the first.
        clock_offset_s: the store's clock minus this computer's, in seconds; None until known.
        clock_steps: how often the store's clock was found to have jumped.
        makes_safe: whether it has a handler for the safe state.
        safe_state: what it says of the safe state; None while that is not engaged.
        fault: what somebody must look at, in words; None if all is well.
        rollout: how it wishes to be replaced; see `Service`.
        p50_s, p99_s: handling time over the last minute at most, in seconds; None if idle.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    replica: str
    host: str
    pid: int
    revision: str
    state: ServiceState
    busy_key: str | None = None
    busy_s: float | None = None
    session: SessionInfo | None = None
    started_at: datetime
    handled: int = 0
    failed: int = 0
    invalid: int = 0
    skipped: int = 0
    last_failed: RecordName | None = None
    last_invalid: RecordName | None = None
    unknown_fields: int = 0
    lost_tails: int = 0
    lag_s: float | None = None
    clock_offset_s: float | None = None
    clock_steps: int = 0
    makes_safe: bool = False
    safe_state: SafeAnswer | None = None
    fault: str | None = None
    rollout: RolloutWay = "beside"
    p50_s: float | None = None
    p99_s: float | None = None

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the status in what an engine keeps."""
        return cls.model_validate_json(text)


def is_up(status: ServiceStatus, *, age_s: float) -> bool:
    """Return whether a status of this age speaks of a service that is running now."""
    return status.state is not ServiceState.STOPPED and age_s <= DOWN_AFTER_S
