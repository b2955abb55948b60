"""How often somebody may guess wrong: so often from one address, then no more for a while."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

MOST: Final = 10
"""Wrong tries from one address within `WITHIN_S`."""

WITHIN_S: Final = 300.0
_MOST_ADDRESSES: Final = 10_000
_IPV6_PREFIX: Final = 64


class Guesses:
    """Counts sign-ins by address until they prove right; older ones than WITHIN_S are forgotten.

    Whoever has an IPv6 address has 2^64 of them, so those of one network count as one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how long this address must wait before its next try, in seconds; 0 for not."""
        tries = self._wrong.get(_place(address))
        if tries is None or len(tries) < MOST:
            return 0.0
        return max(0.0, tries[0] + WITHIN_S - self._clock())

    def count(self, address: str) -> None:
        """Count a try, before it is looked at: many at once count as those one after the other."""
        place = _place(address)
        self._wrong.setdefault(place, deque(maxlen=MOST)).append(self._clock())
        self._wrong.move_to_end(place)
        if len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def take_back(self, address: str) -> None:
        """Forget the last try of an address: it could not be looked at."""
        tries = self._wrong.get(_place(address))
        if tries:
            tries.pop()

    def forget(self, address: str) -> None:
        """Forget the tries of an address that has signed in."""
        self._wrong.pop(_place(address), None)


def _place(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:  # such as that of a Unix socket
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Network((int(parsed), _IPV6_PREFIX), strict=False))
    return address
