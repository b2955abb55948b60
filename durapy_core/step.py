"""What a record is handed to, and how that ended: what dispatcher and session tell each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from durapy_core.command import CommandRecord
from durapy_core.receipt import Outcome

Ending = tuple[Outcome, str]
"""How a record ended, and why, in words; "" when it is done."""

DONE: Final[Ending] = (Outcome.DONE, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a record of one command is handed to now.

    Attributes:
        run: handles it and returns how that ended.
        max_age_s: an older record is not executed; None: any age.
        redeliver: whether it may be handed over again after a process died of it.
        skip: what is done instead when it may not.
        barred: whether the record is refused in the safe state.
    """

    run: Callable[[CommandRecord], Ending]
    max_age_s: float | None = None
    redeliver: bool = True
    skip: Callable[[], None] | None = None
    barred: bool = False


def ending_of(why: str) -> Ending:
    """Return how a record ended whose handler failed for this reason; "" if it did not."""
    return (Outcome.FAILED, why) if why else DONE
