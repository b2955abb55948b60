"""`durapy history`: what was sent, oldest first, and what comes."""

from itertools import islice
from typing import Annotated

import typer

from durapy_core.beginning import no_record, removed_to
from durapy_core.cli.following import what_comes, what_was
from durapy_core.cli.one_record import show_record
from durapy_core.cli.output import print_json, print_line
from durapy_core.cli.rig import open_rig
from durapy_core.engines import Engine
from durapy_core.engines.base import COMMANDS
from durapy_core.entry import Entry
from durapy_core.errors import CommandError
from durapy_core.published import KnownTypes, load_known_types
from durapy_core.record_json import record_json


class Filter:
    """Which entries are shown: by type, sender, and text anywhere in the entry."""

    def __init__(self, wire_type: str | None, sender: str | None, text: str | None) -> None:
        self._type = wire_type
        self._sender = sender
        self._text = text.casefold() if text else None

    def matches(self, entry: Entry) -> bool:
        """Return whether an entry is shown."""
        if self._type and entry.type != self._type:
            return False
        if self._sender and entry.sender != self._sender:
            return False
        held = (entry.key, entry.type, entry.sender, entry.body)
        return not self._text or any(self._text in (part or "").casefold() for part in held)


def history(  # noqa: PLR0913 (the options of a command line)
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="show this record, whole")
    ] = None,
    *,
    wire_type: Annotated[str | None, typer.Option("--type", help="Only this type.")] = None,
    sender: Annotated[str | None, typer.Option("--sender", help="Only of this sender.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Only with this text in it.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many at most.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show the latest commands, oldest first, or one of them whole: who heard it, what followed."""
    with open_rig() as engine:
        known = load_known_types(engine)
        if key is not None:
            show_record(engine, _get(engine, key), known, as_json=as_json)
            return
        wanted = Filter(wire_type, sender, text)
        end = engine.end(COMMANDS)
        were = filter(wanted.matches, what_was(engine, COMMANDS, up_to=end))
        found = list(islice(were, limit))
        if len(found) < limit:
            _say_where_it_begins(engine)
        for entry in reversed(found):
            _show(entry, known, as_json=as_json)
        if follow:
            for entry in filter(wanted.matches, what_comes(engine, COMMANDS, after=end)):
                _show(entry, known, as_json=as_json)


def _say_where_it_begins(engine: Engine) -> None:
    """Say that there was more, beside the records, so that a program reads these only."""
    last = removed_to(engine)
    if last is not None:
        typer.echo(
            f"durapy: older records, up to {last}, were removed, as DURAPY_KEEP_COMMANDS says",
            err=True,
        )


def _get(engine: Engine, key: str) -> Entry:
    entry = engine.get(COMMANDS, key)
    if entry is None:
        raise CommandError(f"{no_record(engine, key)}; `durapy history` shows the latest.")
    return entry


def _show(entry: Entry, known: KnownTypes, *, as_json: bool) -> None:
    record = record_json(entry, known)
    if as_json:
        print_json(record)
        return
    problem = record["problem"]
    print_line(
        (f"{entry.sent_at.astimezone():%Y-%m-%d %H:%M:%S.%f}"[:-3], "dim"),
        (f"  {entry.key:<16}  ", "dim"),
        (f"{entry.type or '?':<20} ", "bold"),
        (f"{entry.sender or '?':<16} ", "cyan"),
        (f"! {problem}: " if problem else "", "red"),
        (entry.body or "", ""),
    )
