"""Printing: tables and lines for people, JSON for programs.

What others wrote (bodies, senders) may hold anything; only printable characters reach a terminal.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPE_WIDTH: Final = 10_000


def print_json(value: Any) -> None:
    """Print one JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_lines(*lines: str) -> None:
    """Print text as it is, without control characters."""
    for line in lines:
        typer.echo(printable(line))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without lines; into a pipe it is never cut."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    _console().print(table)


def print_line(*parts: tuple[str, str]) -> None:
    """Print (text, style) pairs on one line, cut at the terminal's width."""
    line = Text.assemble(*((printable(text), style) for text, style in parts), end="")
    _console().print(line, overflow="ellipsis", no_wrap=True)


def print_long_line(*parts: tuple[str, str]) -> None:
    """Print (text, style) pairs, over several lines where the terminal is too narrow."""
    line = Text.assemble(*((printable(text), style) for text, style in parts))
    _console().print(line, soft_wrap=True)


def printable(text: str) -> str:
    """Return the text with every character that a terminal might obey written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def span(seconds: float | None) -> str:
    """Return a time span for people: `0.8 ms`, `12.3 s`, `4 min`, `2 h 5 min`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 100:  # noqa: PLR2004 (two figures before the point read well)
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console
