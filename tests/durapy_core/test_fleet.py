"""Who is up, and which session the rig is in."""

from datetime import UTC, datetime, timedelta

from durapy_core.engines.base import Row
from durapy_core.fleet import OverallSession, current_statuses, session_of
from durapy_core.status import ServiceState, ServiceStatus, SessionInfo

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def session(key: str = "k1", *, minutes: float = 0, ends: str = "END_SESSION") -> SessionInfo:
    since = NOW + timedelta(minutes=minutes)
    return SessionInfo(key=key, type="INITIATE_SESSION", label="mouse 7", since=since, ends=ends)


def row(
    service: str,
    replica: str = "r1",
    *,
    age_s: float = 0.2,
    in_session: SessionInfo | None = None,
    state: ServiceState = ServiceState.IDLE,
) -> tuple[str, Row]:
    status = ServiceStatus(
        service=service,
        replica=replica,
        host="h",
        pid=1,
        revision="r",
        state=ServiceState.IN_SESSION if in_session else state,
        session=in_session,
        started_at=NOW,
    )
    return f"{service}/{replica}", Row(text=status.model_dump_json(), age_s=age_s)


def overall(*rows: tuple[str, Row]) -> OverallSession:
    return session_of(current_statuses(dict(rows)))


def test_a_rig_without_a_session_is_idle() -> None:
    assert overall(row("pinger"), row("ponger")) == OverallSession()


def test_a_session_names_its_services_and_what_ends_it() -> None:
    found = overall(
        row("pinger", in_session=session()), row("ponger", in_session=session()), row("a")
    )

    assert found.state == "running"
    assert (found.key, found.label, found.type) == ("k1", "mouse 7", "INITIATE_SESSION")
    assert (found.services, found.ends) == (("pinger", "ponger"), ("END_SESSION",))
    assert found.since == NOW


def test_a_session_goes_on_while_one_of_its_services_is_heard() -> None:
    found = overall(
        row("pinger", in_session=session()), row("ponger", in_session=session(), age_s=9)
    )

    assert (found.state, found.services) == ("running", ("pinger",))


def test_it_is_unknown_when_nobody_who_was_in_it_is_heard() -> None:
    found = overall(row("pinger", in_session=session(), age_s=9), row("ponger"))

    assert (found.state, found.key, found.services) == ("unknown", "k1", ("pinger",))


def test_of_two_sessions_the_one_initiated_last_is_shown() -> None:
    found = overall(
        row("pinger", in_session=session("k1")),
        row("camera", in_session=session("k2", minutes=1, ends="STOP_CAMERA")),
    )

    assert (found.key, found.services, found.ends) == ("k2", ("camera",), ("STOP_CAMERA",))


def test_a_replica_that_died_does_not_speak_for_the_one_that_replaced_it() -> None:
    found = overall(row("pinger", "old", in_session=session(), age_s=20), row("pinger", "new"))

    assert found.state == "idle"


def test_of_a_service_that_is_down_the_last_status_is_kept() -> None:
    fleet = current_statuses(
        dict([row("a", "old", age_s=90), row("a", "new", age_s=30), row("b"), row("b", "r2")])
    )

    assert [(h.status.service, h.status.replica, h.up) for h in fleet] == [
        ("a", "new", False),
        ("b", "r1", True),
        ("b", "r2", True),
    ]


def test_a_service_that_stopped_is_not_up_however_young_its_status() -> None:
    (heard,) = current_statuses(dict([row("a", state=ServiceState.STOPPED)]))

    assert not heard.up


def test_a_row_that_is_no_status_hides_no_other() -> None:
    rows = {"x/y": Row(text="{}", age_s=0.0), **dict([row("a")])}

    assert [h.status.service for h in current_statuses(rows)] == ["a"]
