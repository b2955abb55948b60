"""How far a replica has come, what of that is saved, and when the rest is due."""

import time
from typing import Final

from durapy_core.engines.base import Progress

LAZY_COMMIT_S: Final = 1.0
"""How long the progress past records that nothing here hears may wait for its commit."""


class ProgressKeeper:
    """The cursor of one replica beside what the engine holds of it.

    Attributes:
        cursor: the last record that is finished.
        heard: whether something here heard a record since the last commit.
    """

    def __init__(self, saved: Progress) -> None:
        self.cursor = saved.cursor
        self.heard = False
        self._service = saved.service
        self._saved = saved
        self._lazy_until = 0.0
        self.note_saved(saved)

    def due(self, session: str | None) -> Progress | None:
        """Return what the next turn has to save; None if nothing, or nothing that is urgent.

        Passing records that nothing here hears once more does no harm, so that may wait a second.
        """
        if self.heard or time.monotonic() >= self._lazy_until:
            return self.unsaved(session)
        return None

    def unsaved(self, session: str | None) -> Progress | None:
        """Return all that is not saved yet, with the open session as text; None if all is."""
        if self._saved.cursor == self.cursor and self._saved.session == session:
            return None
        return Progress(service=self._service, cursor=self.cursor, session=session)

    def note_saved(self, progress: Progress) -> None:
        """Take note that the engine holds this now."""
        self._saved = progress
        self.heard = False
        self._lazy_until = time.monotonic() + LAZY_COMMIT_S
