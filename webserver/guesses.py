"""How often somebody may guess wrong: so often from one address, then no more for a while."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

MOST: Final = 10
"""Wrong tries from one address within `WITHIN_S`."""

WITHIN_S: Final = 300.0
_MOST_ADDRESSES: Final = 10_000


class Guesses:
    """Counts wrong sign-ins by address; what is older than WITHIN_S is forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how long this address must wait before its next try, in seconds; 0 for not."""
        wrong = self._wrong.get(address)
        if wrong is None or len(wrong) < MOST:
            return 0.0
        return max(0.0, wrong[0] + WITHIN_S - self._clock())

    def count(self, address: str) -> None:
        """Count a wrong try."""
        self._wrong.setdefault(address, deque(maxlen=MOST)).append(self._clock())
        self._wrong.move_to_end(address)
        if len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def forget(self, address: str) -> None:
        """Forget the wrong tries of an address that has signed in."""
        self._wrong.pop(address, None)
