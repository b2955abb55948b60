"""A thread that works beside the main one for as long as a `with` block lasts."""

from abc import ABC, abstractmethod
from threading import Event, Thread
from typing import Final, Self

JOIN_S: Final = 2.0


class SideThread(ABC):
    """Runs on a thread of its own while in `with`; a subclass says in `_run` what it does.

    The thread is a daemon: one that is blocked in the store keeps no process from ending.
    """

    def __init__(self, name: str, *, join_s: float = JOIN_S) -> None:
        """Take the thread's name, and how long the end of `with` waits for it, in seconds."""
        self._stop = Event()
        self._join_s = join_s
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask the thread to end, and wait for it up to `join_s`."""
        self._stop.set()
        self._thread.join(self._join_s)

    @abstractmethod
    def _run(self) -> None:
        """Do the work; return soon after `self._stop` is set, and let no exception out."""
