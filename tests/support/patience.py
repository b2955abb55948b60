"""Tests that only wait for something to show leave the computer to those that may not wait long."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NICE: Final = 5


@contextmanager
def giving_way() -> Iterator[None]:
    """Let the calling thread, and all that it starts meanwhile, come after others for a core.

    Only root may take that back; for anybody else nothing is changed.
    """
    if os.geteuid():
        yield
        return
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, before + _NICE)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)
