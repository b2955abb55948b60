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
    """Return the first true value of `condition`; fail the test if none comes in time."""
    pause, deadline = threading.Event(), time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {limit_s:g} s for: {what}; last seen: {value!r}")
        pause.wait(every_s)
    return value
