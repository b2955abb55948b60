"""`durapy types --check`: whether the stored records still fit their commands."""

import time
from typing import Final

import typer

from durapy_core.cli.output import print_json, print_lines, print_table
from durapy_core.engines import Engine
from durapy_core.entry import Entry
from durapy_core.exit_codes import ExitCode
from durapy_core.history_check import Finding, check_history

_TELL_EVERY_S: Final = 1.0
_WORDS: Final = {
    "broken": "no longer fits",
    "gone": "type is gone",
    "foreign": "never fitted",
}


def check_types(engine: Engine, wire_type: str | None, *, as_json: bool) -> None:
    """Look at every stored record and print which do not fit.

    Raises:
        typer.Exit: with BROKEN if records that were good once are not any more.
    """
    report = check_history(engine, progress=_Teller(), only=wire_type)
    if as_json:
        print_json(report.model_dump(mode="json"))
    elif report.findings:
        columns = ("TYPE", "RECORDS", "WHAT", "SUCH AS", "WHY", "FITS VERSION")
        print_table(columns, map(_row, report.findings))
    else:
        print_lines(f"Every stored record fits ({report.looked_at:,} looked at).")
    if report.is_broken:
        raise typer.Exit(ExitCode.BROKEN)


class _Teller:
    """Says on stderr once a second how far the check has come."""

    def __init__(self) -> None:
        self._next_s = time.monotonic() + _TELL_EVERY_S

    def __call__(self, count: int, last: Entry) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + _TELL_EVERY_S
            sent_at = last.sent_at.astimezone()
            typer.echo(f"looked at {count:,} records, up to {sent_at:%Y-%m-%d %H:%M}", err=True)


def _row(finding: Finding) -> tuple[str, ...]:
    return (
        finding.type,
        f"{finding.count:,}",
        _WORDS[finding.state],
        finding.key,
        finding.problem,
        finding.version or "",
    )
