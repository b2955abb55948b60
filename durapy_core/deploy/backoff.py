"""When a crashed service is started again."""

from typing import Final

FIRST_S: Final = 0.5
LONGEST_S: Final = 30.0
STEADY_S: Final = 60.0
"""A process that lived so long was well: the next crash counts as the first."""


class Backoff:
    """Waits of 0.5 s, 1 s, 2 s … 30 s between starts, and how often in a row it came to that."""

    def __init__(self) -> None:
        self.crashes = 0

    def next_wait_s(self, *, lived_s: float) -> float:
        """Return how long to wait after a crash, given how long the process had lived."""
        self.crashes = 1 if lived_s >= STEADY_S else self.crashes + 1
        doublings = min(self.crashes - 1, 10)  # keeps the power small
        return min(FIRST_S * 2.0**doublings, LONGEST_S)

    def reset(self) -> None:
        """Forget earlier crashes: somebody asked for a fresh start."""
        self.crashes = 0
