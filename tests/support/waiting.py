"""Waiting for something to become true, with a generous limit and a name for what did not."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def wait_for(
    condition: Callable[[], T], what: str, *, limit_s: float = 30.0, every_s: float = 0.1
) -> T:
    """Return the first true value of `condition`; fail the test if none comes in time.

    A look that starts a program may cost more than the test itself: as long as it took, up to a
    second, none follows.
    """
    pause, began = threading.Event(), time.monotonic()
    deadline = began + limit_s
    while not (value := condition()):
        if (now := time.monotonic()) > deadline:
            pytest.fail(f"waited {limit_s:g} s for: {what}; last seen: {value!r}")
        pause.wait(max(every_s, min(now - began, 1.0)))
        began = time.monotonic()
    return value
