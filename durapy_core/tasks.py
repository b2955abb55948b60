"""Background work: threads that belong to a session or to the service and end with it."""

from collections.abc import Callable
from threading import Event, Lock, Thread, current_thread
from time import monotonic

from durapy_core.errors import SessionError
from durapy_core.failures import Failure, FailureHook

JOIN_S = 5.0
"""How long the end of a session, or of the service, waits for its background work."""


class TaskGroup:
    """The background work of one owner.

    The threads are daemons: one that does not end is named in the log, cut off from sending, and
    keeps neither the service nor the process from ending.
    """

    def __init__(self, owner: str, *, on_failure: FailureHook) -> None:
        self.owner = owner
        self.stopping = Event()
        self.abandoned = False
        self._on_failure = on_failure
        self._lock = Lock()
        self._running: dict[Thread, str] = {}

    def start(self, name: str, work: Callable[[], None], *, key: str | None) -> None:
        """Run `work` on a thread of its own.

        Raises:
            SessionError: the owner has ended or is ending.
            RuntimeError: the system gives this process no more threads.
        """
        thread = Thread(target=self._run, args=(name, work, key), name=f"task {name}", daemon=True)
        with self._lock:
            if self.stopping.is_set():
                raise SessionError(
                    f"{name} cannot be spawned: {self.owner} is ending; spawn it earlier."
                )
            thread.start()  # first: one that the system refuses is nothing to wait for
            self._running[thread] = name

    def ask_to_stop(self) -> None:
        """Tell every thread that it should end; nothing new starts afterwards."""
        with self._lock:
            self.stopping.set()

    def join(self, limit_s: float = JOIN_S) -> list[str]:
        """Wait up to `limit_s` seconds for all to end and return the names of those that did not.

        What is left is abandoned: from now on it cannot send.
        """
        deadline = monotonic() + limit_s
        with self._lock:
            running = dict(self._running)
        for thread in running:
            thread.join(max(deadline - monotonic(), 0.0))
        left = [name for thread, name in running.items() if thread.is_alive()]
        self.abandoned = bool(left)
        return left

    def _run(self, name: str, work: Callable[[], None], key: str | None) -> None:
        try:
            work()
        except (Exception, SystemExit) as error:  # noqa: BLE001 (reported, never swallowed)
            self._on_failure(Failure(what=f"background work {name}", key=key, error=error))
        finally:
            with self._lock:
                self._running.pop(current_thread(), None)
