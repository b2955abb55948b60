"""What a service keeps in the store beside its cursor, to go on after a restart."""

from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from durapy_core.entry import Entry
from durapy_core.errors import SessionError


class Kept(BaseModel):
    """What the next process of a service must know of this one.

    Attributes:
        begin: the record that initiated the open session, itself: it may be trimmed from the log.
        sends: what the session's constructor sent, itself, for the same reason.
        unsure_until_s: records sent until then (the store's time) may have been handed over by a
            process that died, even though the one after it ended in order; 0 when there are none.
        mark: the key of a record that such a process may have begun to handle.
        in_safe_state: whether the cursor lies between entering the safe state and leaving it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    begin: Entry | None = None
    sends: tuple[Entry, ...] = ()
    unsure_until_s: float = 0.0
    mark: str | None = None
    in_safe_state: bool = False

    def to_text(self) -> str | None:
        """Return this as text, or None when there is nothing to keep."""
        text = self.model_dump_json(exclude_defaults=True)
        return None if text == "{}" else text

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        """Return what was kept as text.

        Raises:
            SessionError: the text is something else.
        """
        if text is None:
            return cls()
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise SessionError(f"What the service kept cannot be read: {text[:200]}") from error
