"""A line of a log as an engine keeps it: the wire format, not yet a command.

This file knows nothing of command classes. An engine stores and returns these values; the catalog
turns an `Entry` into a `CommandRecord`. The web server, which knows no command class, works on
entries alone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NewType

from durapy_core.errors import InvalidCommandError

Cursor = NewType("Cursor", str)
"""How far a reader has read in one log: the key of the last entry it has seen. Opaque."""

START = Cursor("")
"""The cursor before the first entry of any log."""

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
"""The longest body that is stored; `append` refuses a longer one with InvalidCommandError."""

SAFE_STATE: Final = "SAFE_STATE"
"""The type of what enters the safe state; in the log of commands, of the marker of that."""

CLEAR_SAFE_STATE: Final = "CLEAR_SAFE_STATE"
"""The type of what leaves it; in the log of commands, of the marker of that."""

LOG_LOST_TAIL: Final = "LOG_LOST_TAIL"
"""The type of the entry that says where a log lost its end: `seen` was read once, `end` is left."""

RESERVED_TYPES: Final = frozenset({SAFE_STATE, CLEAR_SAFE_STATE, LOG_LOST_TAIL})
"""Wire types that only the runtime writes; no command class may have one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """What a sender hands to an engine.

    Attributes:
        type: the wire type, such as `PING`.
        body: a JSON object as text.
        sender: a service's name, `webserver:USER` or `cli:USER`; None if the sender does not say.
        cause: the key of the record whose handler sent this one; None outside a handler.
        n: the ordinal of this send among that handler's sends, from 1; None if not numbered.
        id: the sender's own name for this send. An engine stores at most one entry of an id.
        sent_ns: the sender's clock in nanoseconds since 1970, for information only.
    """

    type: str
    body: str
    sender: str | None = None
    cause: str | None = None
    n: int | None = None
    id: str | None = None
    sent_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored line of a log. `key` and `sent_at_s` are the store's, the rest is the sender's.

    A foreign writer may leave out anything, so `type` and `body` may be None: such an entry is
    kept, shown, and reported by whoever reads it; it stops nobody.

    Attributes:
        key: opaque; entries of one log are ordered by it, in the order of `Engine.read`.
        sent_at_s: the store's clock, seconds since 1970.
    """

    key: str
    sent_at_s: float
    type: str | None
    body: str | None
    sender: str | None = None
    cause: str | None = None
    n: int | None = None
    id: str | None = None
    sent_ns: int | None = None

    @property
    def sent_at(self) -> datetime:
        """When the store took this entry: an aware UTC datetime."""
        return datetime.fromtimestamp(self.sent_at_s, UTC)


def check_entry(entry: NewEntry) -> None:
    """Refuse an entry that no engine may store; every `Engine.append` begins with it.

    Raises:
        InvalidCommandError: the body is longer than MAX_BODY_BYTES, or a text is not Unicode that
            can be stored (half of a surrogate pair).
    """
    for text in (entry.type, entry.sender, entry.cause, entry.id, entry.body):
        if text is not None and not text.isascii():
            _check_unicode(entry.type, text)
    if len(entry.body) * 4 > MAX_BODY_BYTES:  # a character takes four bytes at most
        _check_size(entry)


def _check_unicode(wire_type: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidCommandError(
            f"{wire_type!a} holds half of a surrogate pair at character {error.start:,} of "
            f"{text[:40]!a}; send whole characters."
        ) from error


def _check_size(entry: NewEntry) -> None:
    size_bytes = len(entry.body.encode())
    if size_bytes > MAX_BODY_BYTES:
        raise InvalidCommandError(
            f"{entry.type}: its body has {size_bytes:,} bytes, the limit is {MAX_BODY_BYTES:,}; "
            "store the data in a file and send its path."
        )
