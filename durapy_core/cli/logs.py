"""`durapy logs`: what the services said, oldest first, and what comes."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Annotated, Any, Final

import typer

from durapy_core.cli.following import what_comes, what_was
from durapy_core.cli.output import print_json, print_lines, print_long_line
from durapy_core.cli.rig import open_rig
from durapy_core.engines.base import LOGS
from durapy_core.entry import Entry
from durapy_core.log_entry import SEVERITIES, line_json
from durapy_core.log_lines import brief
from durapy_core.log_search import LogFilter, least_severity

_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_STYLES: Final = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


def logs(  # noqa: PLR0913 (the options of a command line)
    *,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Only of this service; may be repeated.")
    ] = None,
    level: Annotated[str, typer.Option("--level", help="The least severe level.")] = "DEBUG",
    since: Annotated[
        str | None, typer.Option("--since", help="10m, 2h, 3d, or a time such as 14:30.")
    ] = None,
    grep: Annotated[str, typer.Option("--grep", help="Only with this text in it.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many at most.")] = 200,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show what the services logged, oldest first, also of those that run no more."""
    since_s = _read_since(since) if since else 0.0
    wanted = LogFilter(
        severity=_read_level(level),
        services=frozenset(service) if service else None,
        text=grep,
        since_s=since_s,
    )
    with open_rig() as engine:
        end = engine.end(LOGS)
        were = what_was(engine, LOGS, up_to=end)
        recent = takewhile(lambda entry: entry.sent_at_s >= since_s, were)
        for entry in reversed(list(islice(filter(wanted.matches, recent), limit))):
            _show(entry, as_json=as_json)
        if follow:
            for entry in filter(wanted.matches, what_comes(engine, LOGS, after=end)):
                _show(entry, as_json=as_json)


def _show(entry: Entry, *, as_json: bool) -> None:
    line = line_json(entry)
    if as_json:
        print_json(line)
        return
    print_long_line(
        (_local(line["time"]), "dim"),
        (f"  {line['level']:<8} ", _STYLES.get(line["level"], "")),
        (f"{line['service'] or '?':<16} ", "cyan"),
        (line["message"], ""),
        (_fields(line), "dim"),
    )
    if line["exception"]:
        print_lines(*(f"    {part}" for part in line["exception"].splitlines()))


def _local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _fields(line: dict[str, Any]) -> str:
    told = {"key": line["record"], **line["fields"]}
    shown = " ".join(f"{name}={brief(value)}" for name, value in told.items() if value is not None)
    return f"  {shown}" if shown else ""


def _read_level(text: str) -> int:
    severity = least_severity(text)
    if severity is None:
        raise typer.BadParameter(f"{text} is no level; use one of {', '.join(SEVERITIES)}.")
    return severity


def _read_since(text: str) -> float:
    span = _SPAN.fullmatch(text.strip())
    if span:
        return (datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: float(span[1])})).timestamp()
    try:
        if re.fullmatch(r"\d\d?:\d\d(:\d\d)?", text):
            text = f"{datetime.now().astimezone():%Y-%m-%d} {text:0>5}"
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text} is no time; write 90s, 10m, 2h, 3d, 14:30 or 2026-11-26T14:30."
        ) from error
    return (time if time.tzinfo else time.astimezone()).timestamp()
