"""Signals that end a process: captured for as long as a `with` lasts, then put back."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

ENDING: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def capture_signals(
    stop: Callable[[], None], numbers: tuple[signal.Signals, ...] = ENDING
) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT, as often as they come; a capture around it hears them too.

    `stop` may only set a flag: it runs between any two steps of the main thread, which may hold
    any lock. Does nothing on other threads, where Python takes no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        stop()
        outer = before[signal.Signals(number)]
        if callable(outer) and outer is not signal.default_int_handler:
            outer(number, frame)

    before: dict[signal.Signals, Any] = {one: signal.getsignal(one) for one in numbers}
    for captured in numbers:
        signal.signal(captured, handle)
    try:
        yield
    finally:
        for captured, handler in before.items():
            signal.signal(captured, handler)
