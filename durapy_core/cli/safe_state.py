"""The verbs that enter and leave the safe state: `safe-state`, `clear`.

Entering asks nothing and checks nothing: it is for emergencies.
"""

from collections.abc import Callable
from time import monotonic
from typing import Annotated, Any, Final

import typer

from durapy_core.cli.output import print_json, print_lines, print_table, span
from durapy_core.cli.rig import open_rig, sender
from durapy_core.engines import Engine
from durapy_core.engines.base import RECEIPTS
from durapy_core.entry import Cursor
from durapy_core.exit_codes import ExitCode
from durapy_core.fleet import load_fleet
from durapy_core.safe_state import (
    SafetyReport,
    ServiceSafety,
    clear_safe_state,
    enter_safe_state,
    load_safety,
)

ANSWER_S: Final = 5.0
"""So long the answers of the services are waited for."""

_LOOK_S: Final = 0.1
_WORDS: Final = {
    "safe": "safe",
    "failed": "FAILED",
    "waiting": "NO ANSWER",
    "none": "refuses what actuates; it has no handler",
    "down": "DOWN; what it switched on may be on",
}

AsJson = Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")]


def safe_state(
    *,
    reason: Annotated[str, typer.Option(help="why, for the record")] = "",
    as_json: AsJson = False,
) -> None:
    """Enter the safe state: every service makes safe, nothing that actuates is executed.

    Prints what each service answers. `durapy clear` leaves it.
    """
    with open_rig() as engine:
        enter(engine, reason, as_json=as_json)


def clear(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Leave the safe state, after a question; prints what each service answers."""
    with open_rig() as engine:
        report = load_safety(engine)
        if not report.engaged:
            print_json(_json([])) if as_json else print_lines("The safe state is not engaged.")
            return
        if not yes:
            _show_why(report)
            typer.confirm("Clear the safe state? What actuates is executed again.", abort=True)
        clear_safe_state(engine, by=sender())
        rows = _await(engine, lambda: _left_behind(engine))
    if as_json:
        print_json(_json(rows))
    else:
        print_lines("The safe state is cleared.")
        _print_rows(rows)
    _end(rows)


def enter(engine: Engine, reason: str, *, as_json: bool) -> None:
    """Enter the safe state, print what each service answers, and end with NOT_SAFE if one failed.

    Raises:
        Exit: a service failed or did not answer.
    """
    enter_safe_state(engine, by=sender(), reason=reason)
    if not as_json:
        print_lines("The safe state is engaged: nothing that actuates is executed.")
    rows = _await(engine, lambda: list(load_safety(engine).services))
    if as_json:
        print_json(load_safety(engine).model_dump(mode="json"))
    else:
        _print_rows(rows)
        print_lines("`durapy clear` leaves it.")
    _end(rows)


def _await(engine: Engine, load: Callable[[], list[ServiceSafety]]) -> list[ServiceSafety]:
    """Return what the services say once none is waited for any more, or the time is over."""
    deadline_s = monotonic() + ANSWER_S
    after = engine.end(RECEIPTS)
    while True:
        rows = load()
        if all(row.state != "waiting" for row in rows) or monotonic() >= deadline_s:
            return rows
        if entries := engine.read(RECEIPTS, after=after, wait_s=_LOOK_S):  # an answer, perhaps
            after = Cursor(entries[-1].key)


def _left_behind(engine: Engine) -> list[ServiceSafety]:
    """Return the services that still say that they are in the safe state."""
    return [
        ServiceSafety(
            service=heard.status.service,
            replica=heard.status.replica,
            state="waiting",
            text="it still says that it is in the safe state",
        )
        for heard in load_fleet(engine)
        if heard.up and heard.status.safe_state is not None
    ]


def _end(rows: list[ServiceSafety]) -> None:
    if any(row.state in ("failed", "waiting", "down") for row in rows):
        raise typer.Exit(ExitCode.NOT_SAFE)


def _show_why(report: SafetyReport) -> None:
    since = f" since {report.since:%Y-%m-%d %H:%M:%S} UTC" if report.since else ""
    reason = f": {report.reason}" if report.reason else ""
    print_lines(f"The safe state was entered by {report.by or '?'}{since}{reason}.")
    _print_rows(list(report.services))


def _print_rows(rows: list[ServiceSafety]) -> None:
    if rows:
        shown = [(row.service, _WORDS[row.state], span(row.took_s), row.text) for row in rows]
        print_table(("SERVICE", "ANSWER", "TOOK", "WHY"), shown)


def _json(rows: list[ServiceSafety]) -> dict[str, Any]:
    return {"engaged": False, "services": [row.model_dump(mode="json") for row in rows]}
