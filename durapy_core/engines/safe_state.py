"""The part of the engine port that keeps the safe state, in which nothing may be actuated."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from durapy_core.entry import NewEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeState:
    """Whether the safe state is engaged, and where that was recorded.

    Attributes:
        engaged: True from entering it until it is cleared.
        key: of the last change, in the log `safety`; None if there never was one.
        marker: the key of the same change in the log `commands`.
    """

    engaged: bool = False
    key: str | None = None
    marker: str | None = None


class SafeStateKeeper(ABC):
    """What enters, leaves and asks for the safe state."""

    @abstractmethod
    def set_safe_state(self, entry: NewEntry, *, engaged: bool) -> SafeState:
        """Enter or leave the safe state in one atomic step, and return it.

        `entry` is appended to the log `safety`, and to the log `commands` as a marker, whose cause
        is the key in `safety`: so it is known of every command whether it came before or after. An
        entry whose `id` is known changes nothing, and the present state is returned.

        Raises:
            InvalidCommandError: see `Engine.append`.
            EngineUnavailableError: the store did not answer; make the same call again. It changes
                nothing twice if the entry has an `id`.
        """

    @abstractmethod
    def safe_state(self) -> SafeState:
        """Return whether the safe state is engaged.

        Raises:
            EngineUnavailableError: the store did not answer.
        """


def marker_of(entry: NewEntry, key: str) -> NewEntry:
    """Return the entry for `commands` that stands for a change of the safe state."""
    return replace(entry, cause=key, n=None)
