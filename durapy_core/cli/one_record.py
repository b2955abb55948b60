"""One record whole: its body, who heard it, what led to it and what followed from it."""

import json
from typing import Any

from durapy_core.aftermath import aftermath_json, causes_of, receipts_of, tree_of
from durapy_core.beginning import lacks_receipts, was_removed
from durapy_core.cli.output import print_json, print_lines, print_table, span
from durapy_core.engines import Engine
from durapy_core.entry import Entry
from durapy_core.published import KnownTypes
from durapy_core.receipt import Receipt
from durapy_core.record_json import record_json


def show_record(engine: Engine, entry: Entry, known: KnownTypes, *, as_json: bool) -> None:
    """Print a record; as JSON with its receipts and the keys of its effects."""
    record = record_json(entry, known)
    if as_json:
        print_json({**record, **aftermath_json(engine, entry)})
        return
    fields: dict[str, Any] = {name: value for name, value in record.items() if value is not None}
    body = fields.pop("body", None)
    print_lines(*(f"{name:<8} {value}" for name, value in fields.items()))
    if body is not None and "raw" not in fields:
        print_lines(*json.dumps(body, ensure_ascii=False, indent=2).splitlines())
    _show_receipts(receipts_of(engine, entry.key), removed=lacks_receipts(engine, entry))
    _show_tree(engine, entry)


def _show_receipts(receipts: list[Receipt], *, removed: bool) -> None:
    if removed:
        print_lines("", "receipts of that time were removed, as DURAPY_KEEP_RECEIPTS says")
    if not receipts:
        print_lines(*([] if removed else ["", "heard by nobody so far"]))
        return
    print_lines("")
    rows = [
        (
            receipt.service,
            str(receipt.outcome) + (" (again)" if receipt.redelivered else ""),
            span(receipt.wait_s),
            span(receipt.took_s),
            receipt.text,
        )
        for receipt in receipts
    ]
    print_table(("HEARD BY", "OUTCOME", "WAITED", "TOOK", "WHY"), rows)


def _show_tree(engine: Engine, entry: Entry) -> None:
    """Print the records before and after this one in their order of cause, indented."""
    causes = causes_of(engine, entry)
    effects = list(tree_of(engine, entry.key))
    cut = (causes[0] if causes else entry).cause
    if not causes and not effects and not cut:
        return
    print_lines("", "what led to it, and what followed")
    if cut and was_removed(engine, cut):
        print_lines(f"{cut}  was removed, with what led to it")
    lines = [_line(depth, cause) for depth, cause in enumerate(causes)]
    lines.append(_line(len(causes), entry) + "  <- this one")
    lines += [_line(len(causes) + depth, effect) for depth, effect in effects]
    print_lines(*lines)


def _line(depth: int, entry: Entry) -> str:
    return f"{'  ' * depth}{entry.key}  {entry.type or '?'}  {entry.sender or '?'}"
