"""`durapy send`: one command, checked against what the services publish, onto the log."""

import json
from typing import Annotated
from uuid import uuid4

import typer

from durapy_core.cli.body import read_body
from durapy_core.cli.output import print_json, print_lines
from durapy_core.cli.rig import open_rig, sender
from durapy_core.cli.safe_state import enter
from durapy_core.engines.base import COMMANDS
from durapy_core.entry import CLEAR_SAFE_STATE, RESERVED_TYPES, SAFE_STATE, NewEntry
from durapy_core.errors import InvalidCommandError, UnknownCommandError
from durapy_core.published import load_known_types
from durapy_core.record_json import record_json


def send(
    wire_type: Annotated[str, typer.Argument(metavar="TYPE", help="such as PING")],
    body: Annotated[
        list[str] | None,
        typer.Argument(help="field=value words, or the whole body as one JSON object"),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Send a command and print its key.

    It is checked first, against what the services publish: `durapy types TYPE` shows the fields.
    """
    with open_rig() as engine:
        if (reserved := _reserved(wire_type)) == SAFE_STATE:
            enter(engine, " ".join(body or []), as_json=as_json)
            return
        if reserved == CLEAR_SAFE_STATE:
            raise InvalidCommandError("Nothing was sent: `durapy clear` leaves the safe state.")
        known = load_known_types(engine)
        if not len(known):
            raise UnknownCommandError(
                "No service of this rig has published a command yet; start one: "
                "`scripts/up`, or `durapy run NAME`."
            )
        checked = read_body(body or [], known.find(wire_type).schema)
        known.check(wire_type, checked)
        new = NewEntry(
            type=wire_type,
            body=json.dumps(checked, ensure_ascii=False, allow_nan=False),
            sender=sender(),
            id=str(uuid4()),
        )
        entry = engine.append(COMMANDS, new)
        if as_json:
            print_json(record_json(entry, known))
        else:
            print_lines(entry.key)


def _reserved(wire_type: str) -> str | None:
    """Return which reserved type is meant, in any spelling: emergencies are typed in haste."""
    meant = wire_type.upper().replace("-", "_")
    return meant if meant in RESERVED_TYPES else None
