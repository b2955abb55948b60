"""Keys that are counted: 1, 2, 3 … as text. Shared by the engines that number their entries."""

import re
from typing import Final

from durapy_core.entry import START, Cursor
from durapy_core.errors import CorruptRecordError

_KEY: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_LARGEST: Final = 2**63 - 1


def parse_key(text: str) -> int | None:
    """Return the number in a key, or None if it is not one."""
    if not _KEY.fullmatch(text):
        return None
    number = int(text)
    return number if number <= _LARGEST else None


def parse_cursor(text: str) -> int:
    """Return the number in a key or cursor; START is 0.

    Raises:
        CorruptRecordError: the text is neither.
    """
    if not text:
        return 0
    number = parse_key(text)
    if number is None:
        raise CorruptRecordError(
            f"{text!r} is not a key of this engine (it counts 1, 2, 3 …); was the engine changed "
            "while its progress was kept?"
        )
    return number


def cursor_of(number: int) -> Cursor:
    """Return the cursor at a number; 0 is START."""
    return Cursor(str(number)) if number else START


def compare_keys(one: str, other: str) -> int:
    """Return -1, 0 or 1 as `one` lies before, at or after `other`."""
    left, right = parse_cursor(one), parse_cursor(other)
    return (left > right) - (left < right)
