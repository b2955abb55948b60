"""Tests that mostly wait: what they do on several rigs is done at the same time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def do_at_once(act: Callable[[T], object], each: Iterable[T]) -> None:
    """Call `act` with each of these, each on a thread of its own; raise what one raised."""
    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(act, one) for one in each]:
            done.result()


def at_once(fixture: str) -> Callable[[Callable[[Any], None]], Callable[..., None]]:
    """Let a test run with each member of a fixture's list at the same time."""

    def decorate(test: Callable[[Any], None]) -> Callable[..., None]:
        def on_each(request: pytest.FixtureRequest) -> None:
            do_at_once(test, request.getfixturevalue(fixture))

        return on_each

    return decorate
