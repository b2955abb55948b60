"""`durapy types`: the commands that the services publish, and their fields."""

from typing import Annotated, Any

import typer

from durapy_core.cli.check_types import check_types
from durapy_core.cli.output import print_json, print_lines, print_table
from durapy_core.cli.rig import open_rig
from durapy_core.history_check import changes
from durapy_core.published import KnownType, Publisher, load_known_types


def types(
    wire_type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="show this one with its fields")
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Look whether the stored records still fit.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the commands that the services know, or one of them with its fields."""
    with open_rig() as engine:
        if check:
            check_types(engine, wire_type, as_json=as_json)
            return
        known = load_known_types(engine)
        changed = changes(engine, known)
    shown = [known.find(wire_type)] if wire_type else list(known)
    if as_json:
        documents = [{**one.to_json(), "changed": changed.get(one.type)} for one in shown]
        print_json(documents[0] if wire_type else documents)
    elif wire_type:
        _print_type(shown[0], changed.get(shown[0].type))
    elif not shown:
        print_lines("No service of this rig has published a command yet; `scripts/up` starts all.")
    else:
        rows = ((t.type, t.group or "", ", ".join(_fields(t)), t.hash, _services(t)) for t in shown)
        print_table(("TYPE", "GROUP", "FIELDS", "VERSION", "SERVICES"), rows)
        notes = [f"{t.type}: {t.conflict}" for t in shown if t.conflict]
        notes += [f"{name}: {text}" for name, text in changed.items()]
        print_lines(*(["", *notes] if notes else []))


def _print_type(known: KnownType, changed: str | None) -> None:
    heading = f"{known.type}  {known.title}" if known.title else known.type
    print_lines(heading, *known.description.splitlines(), "")
    rows = [
        (name, _type_name(field, known.schema), _default(name, known), _about(field))
        for name, field in _fields(known).items()
    ]
    if rows:
        print_table(("FIELD", "TYPE", "DEFAULT", "ABOUT"), rows)
        print_lines("")
    print_lines(f"version {known.hash}")
    for publisher in known.services:
        roles = ", ".join(publisher.roles)
        at = "" if publisher.version == "same" else f" at {publisher.hash}"
        print_lines(f"{_publisher_name(publisher)}: {roles}{at}")
    if known.conflict:
        print_lines(f"conflict: {known.conflict}")
    if changed:
        print_lines(f"changed: {changed}")


def _fields(known: KnownType) -> dict[str, Any]:
    fields: dict[str, Any] = known.schema.get("properties", {})
    return fields


def _services(known: KnownType) -> str:
    return ", ".join(map(_publisher_name, known.services))


def _publisher_name(publisher: Publisher) -> str:
    notes = [] if publisher.running else ["down"]
    if publisher.version != "same":
        notes.append(publisher.version)
    return f"{publisher.service} ({', '.join(notes)})" if notes else publisher.service


def _type_name(field: dict[str, Any], root: dict[str, Any]) -> str:
    """Return a field's type in a few words: `integer`, `text or nothing`, `one of "a", "b"`."""
    if "$ref" in field:
        name = field["$ref"].removeprefix("#/$defs/")
        target = root.get("$defs", {}).get(name, {})
        return _type_name(target, root) if "enum" in target else name
    if "enum" in field or "const" in field:
        return "one of " + ", ".join(map(str, field.get("enum", [field.get("const")])))
    for union in ("anyOf", "oneOf"):
        if union in field:
            return " or ".join(_type_name(branch, root) for branch in field[union])
    if field.get("type") == "array":
        return f"list of {_type_name(field.get('items', {}), root)}"
    return str(field.get("format") or field.get("type") or "anything")


def _default(name: str, known: KnownType) -> str:
    if name in known.schema.get("required", []):
        return "(required)"
    default = _fields(known)[name].get("default")
    return "" if default is None else str(default)


def _about(field: dict[str, Any]) -> str:
    limits = {
        "minimum": "≥ {}",
        "exclusiveMinimum": "> {}",
        "maximum": "≤ {}",
        "exclusiveMaximum": "< {}",
        "minLength": "length ≥ {}",
        "maxLength": "length ≤ {}",
        "pattern": "matches {}",
    }
    parts = [words.format(field[name]) for name, words in limits.items() if name in field]
    told = str(field.get("description", ""))
    return "; ".join(filter(None, [told.rstrip(".") if parts else told, *parts]))
