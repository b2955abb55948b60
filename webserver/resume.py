"""The token with which a browser resumes: how far it has seen each log, opaque to it."""

import base64
import json
from dataclasses import dataclass
from typing import Self

from durapy_core.entry import Cursor


@dataclass(frozen=True, slots=True)
class Position:
    """How far a browser has seen the logs."""

    commands: Cursor
    operations: Cursor
    receipts: Cursor

    def to_token(self) -> str:
        """Return the position as text for the browser."""
        cursors = [self.commands, self.operations, self.receipts]
        text = json.dumps(cursors, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def from_token(cls, token: object) -> Self | None:
        """Return the position in a token, or None if it is none of ours."""
        if not isinstance(token, str):
            return None
        try:
            padded = token.encode("ascii") + b"=" * (-len(token) % 4)
            cursors = json.loads(base64.urlsafe_b64decode(padded))
            commands, operations, receipts = [*cursors, ""][:3]  # an older one knows two logs
        except (ValueError, TypeError, RecursionError):
            return None
        if not all(isinstance(cursor, str) for cursor in (commands, operations, receipts)):
            return None
        return cls(Cursor(commands), Cursor(operations), Cursor(receipts))
