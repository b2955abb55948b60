"""What all services together say of themselves: who is up, and which session runs.

Read from the status table, so it is the same for every console and command line that looks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from loguru import logger
from pydantic import BaseModel, ConfigDict, ValidationError

from durapy_core.engines.base import STATUS, Engine, Row
from durapy_core.status import ServiceStatus, SessionInfo, is_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One replica's last status as the store holds it.

    Attributes:
        status: what it said.
        age_s: how long ago, by the store's clock, in seconds.
    """

    status: ServiceStatus
    age_s: float

    @property
    def up(self) -> bool:
        """Whether it is running now."""
        return is_up(self.status, age_s=self.age_s)


class OverallSession(BaseModel):
    """The session of the rig, put together from what its services say.

    Attributes:
        state: `unknown` when a service that was in a session is no longer heard.
        key: the session's id, label: its name, type: what initiated it, since: when (UTC).
        services: those that are in it. ends: the wire types that end it.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["idle", "running", "unknown"] = "idle"
    key: str | None = None
    label: str | None = None
    type: str | None = None
    since: datetime | None = None
    services: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


def load_fleet(engine: Engine) -> list[Heard]:
    """Return what counts of the status table: see `current_statuses`.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    return current_statuses(engine.table(STATUS))


def heard_of(engine: Engine, service: str) -> list[Heard]:
    """Return what counts of one service: every replica that is up, else its last one.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    return [heard for heard in load_fleet(engine) if heard.status.service == service]


def current_statuses(rows: Mapping[str, Row]) -> list[Heard]:
    """Return every replica that is up, and of a service without one its last; ordered by name.

    A row that is no status is logged once and left out.
    """
    by_service: dict[str, list[Heard]] = {}
    for row in rows.values():
        status = _parse(row.text)
        if status is not None:
            heard = Heard(status=status, age_s=row.age_s)
            by_service.setdefault(status.service, []).append(heard)
    return [heard for name in sorted(by_service) for heard in _counting(by_service[name])]


def session_of(fleet: Iterable[Heard]) -> OverallSession:
    """Return the session that the services are in: of several, the one initiated last."""
    in_one = [h for h in fleet if h.status.session is not None]
    running = [h for h in in_one if h.up]
    sessions = [h.status.session for h in (running or in_one) if h.status.session is not None]
    if not sessions:
        return OverallSession()
    latest: SessionInfo = max(sessions, key=lambda session: session.since)
    members = [h for h in in_one if h.status.session and h.status.session.key == latest.key]
    return OverallSession(
        state="running" if running else "unknown",
        key=latest.key,
        label=latest.label,
        type=latest.type,
        since=latest.since,
        services=tuple(sorted({h.status.service for h in members if h.up or not running})),
        ends=tuple(sorted({h.status.session.ends for h in members if h.status.session})),
    )


def _counting(replicas: list[Heard]) -> list[Heard]:
    replicas.sort(key=lambda heard: heard.age_s)
    return [heard for heard in replicas if heard.up] or replicas[:1]


@lru_cache(maxsize=1024)
def _parse(text: str) -> ServiceStatus | None:
    try:
        return ServiceStatus.from_text(text)
    except ValidationError as error:
        logger.warning(
            "a row of the status table cannot be read and is left out: {why}",
            why=error.errors(include_url=False)[0]["msg"],
            row=text[:200],
        )
        return None
