"""The lines in which files of two revisions differ: as many of them as a person reads.

Whoever may push to the repository decides what stands in them, so their size is bounded, and what
a reader would not see, such as a sign that turns the direction of writing, is shown as an escape.
"""

from collections.abc import Callable, Iterable
from typing import Final

from durapy_core.deploy.changes import ChangedFile

READ_AT_MOST: Final = 64 * 1024
"""Bytes of a file's diff that are looked at."""

DIFF: Final = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=3")
"""Options of `git diff` for what is read here."""

_MOST_LINES: Final = 400
_LONGEST_LINE: Final = 400
_MOST_OF_ALL: Final = 200_000

Read = Callable[[str], str]
"""Returns what `git diff` says of a path, as `beginning` gives it."""


def with_lines(files: Iterable[ChangedFile], read: Read) -> list[ChangedFile]:
    """Return the files with the lines that differ in each, until they would be too many.

    A file of which there is more than its `diff` shows is marked `cut`.
    """
    left, found = _MOST_OF_ALL, []
    for file in files:
        if file.added < 0:  # not text
            found.append(file)
            continue
        diff, cut = shown_lines(read(file.path)) if left > 0 else ("", True)
        left -= len(diff)
        found.append(file.model_copy(update={"diff": diff, "cut": cut}))
    return found


def beginning(said: bytes) -> str:
    """Return the first READ_AT_MOST bytes as text; if that is not all, it ends without line end."""
    text = said[:READ_AT_MOST].decode(errors="replace")
    return text.rstrip("\n") if len(said) >= READ_AT_MOST else text


def shown_lines(said: str) -> tuple[str, bool]:
    """Return the hunks of one file's diff as they are shown, and whether there is more."""
    lines = said.split("\n")
    cut = lines.pop() != ""  # else it ends with a line end, as Git ends it
    start = next((n for n, line in enumerate(lines) if line.startswith("@@")), len(lines))
    hunks = lines[start:]
    cut = cut or len(hunks) > _MOST_LINES or any(len(line) > _LONGEST_LINE for line in hunks)
    return "\n".join(_seen(line[:_LONGEST_LINE]) for line in hunks[:_MOST_LINES]), cut


def _seen(line: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)
