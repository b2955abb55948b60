"""The verbs that look at the rig as a whole: `ps`, `version`."""

from datetime import UTC, datetime
from importlib.metadata import version as package_version
from typing import Annotated, Any, Final

import typer
from loguru import logger

from durapy_core.cli.output import print_json, print_lines, print_table, span
from durapy_core.cli.rig import open_rig
from durapy_core.fleet import Heard, load_fleet
from durapy_core.revision import find_revision
from durapy_core.settings import Settings, load_settings
from durapy_core.status import ServiceStatus
from durapy_core.store_clock import FAR_CLOCK, StoreClock

_COLUMNS = (
    *("SERVICE", "STATE", "SESSION", "HANDLED", "FAILED", "LAG", "P99", "UP FOR"),
    *("CLOCK", "REVISION", "HOST", "PID"),
)

_SAFE_STATE: Final = {
    "safe": "safe state",
    "failed": "NOT SAFE",
    "waiting": "safe state, no answer yet",
    "none": "safe state",
}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def ps(*, as_json: AsJson = False) -> None:
    """Show the services and how they are."""
    clock = StoreClock(logger)
    with open_rig() as engine:
        clock.measure(engine.now_s)
        fleet = load_fleet(engine)
    if as_json:
        print_json([_heard_json(heard) for heard in fleet])
    elif not fleet:
        print_lines("No service has been started on this rig yet; `scripts/up` starts all.")
    else:
        now = datetime.fromtimestamp(clock.now_s(), UTC)
        print_table(_COLUMNS, (_heard_row(heard, now=now) for heard in fleet))
    if clock.is_far:
        typer.echo(f"durapy: {FAR_CLOCK.format(offset_ms=ms(clock.offset_s))}", err=True)


def version(*, as_json: AsJson = False) -> None:
    """Show the version and the revision of this code."""
    revision = find_revision(load_settings(Settings))
    if as_json:
        print_json({"version": package_version("durapy"), "revision": revision})
    else:
        print_lines(f"durapy {package_version('durapy')} ({revision})")


def _heard_json(heard: Heard) -> dict[str, Any]:
    status = heard.status.model_dump(mode="json")
    return {**status, "age_s": heard.age_s, "up": heard.up}


def _heard_row(heard: Heard, *, now: datetime) -> tuple[str, ...]:
    status = heard.status
    state = status.state.replace("_", " ")
    if status.busy_key:
        state += f" with {status.busy_key} for {span(status.busy_s)}"
    if status.fault:
        state += f", fault: {status.fault}"
    if status.safe_state:
        state += f", {_SAFE_STATE[status.safe_state.state]}"
    if not heard.up:
        state = f"down (heard {span(heard.age_s)} ago)"
    session = status.session and (status.session.label or status.session.key)
    return (
        status.service,
        state,
        session or "",
        str(status.handled),
        str(status.failed + status.invalid),
        span(status.lag_s),
        span(status.p99_s),
        span(_up_for_s(status, now)) if heard.up else "",
        "" if status.clock_offset_s is None else f"{ms(-status.clock_offset_s):+.1f} ms",
        status.revision,
        status.host,
        str(status.pid),
    )


def _up_for_s(status: ServiceStatus, now: datetime) -> float:
    """Return for how long it has run, by the store's clock: it told its start by its computer's."""
    return (now - status.started_at).total_seconds() - (status.clock_offset_s or 0.0)


def ms(seconds: float | None) -> float:
    """Return milliseconds to one place, never -0.0."""
    return round((seconds or 0.0) * 1000, 1) or 0.0
