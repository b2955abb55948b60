"""One service under the local manager: its process, what is wanted of it, and who waits for that.

No threads and no waiting here: the manager's loop tells it what happened and what time it is.
"""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Final

from loguru import logger

from durapy_core.deploy.backoff import Backoff
from durapy_core.deploy.base import Replica, ReplicaState
from durapy_core.deploy.child import Child, Ended, Line, ProcessSpec
from durapy_core.errors import DeployError
from durapy_core.exit_codes import ExitCode
from durapy_core.log_lines import strip_colours

GRACE_S: Final = 8.0
"""How long a process has to end after SIGTERM, before SIGKILL."""

SETTLED_S: Final = 1.0
"""A process that lives so long, and has written its heartbeat, counts as started."""

REPORT_S: Final = 30.0
"""How long a process has for its first heartbeat."""

_LOOK_S: Final = 0.1

LOOP_AFTER: Final = 3
"""So many crashes in a row are called a crash loop."""

Answer = Future[None]


class Unit:
    """A service that is looked after.

    Attributes:
        child: its process, if one is there.
        hopeless: it cannot run with the settings that it was given.
    """

    def __init__(
        self,
        spec: ProcessSpec,
        put: Callable[[Line | Ended], None],
        clock: Callable[[], float],
        *,
        grace_s: float = GRACE_S,
    ) -> None:
        self.spec = spec
        self.child: Child | None = None
        self.hopeless = False
        self._put = put
        self._clock = clock
        self._grace_s = grace_s
        self._wanted = False
        self._restarting = False
        self._backoff = Backoff()
        self._restarts = 0
        self._begun = 0.0
        self._started_at: datetime | None = None
        self._start_due: float | None = None
        self._kill_due: float | None = None
        self._settle_due: float | None = None
        self._await_run: list[Answer] = []
        self._await_end: list[Answer] = []

    @property
    def replica(self) -> Replica:
        """What the manager's `replicas` says of it."""
        state = ReplicaState.WAITING if self._start_due is not None else ReplicaState.STOPPED
        if self.child is not None:
            stopping = self._kill_due is not None
            state = ReplicaState.STOPPING if stopping else ReplicaState.RUNNING
        return Replica(
            service=self.spec.name,
            name=str(self.child.pid) if self.child else "",
            state=state,
            started_at=self._started_at,
            restarts=self._restarts,
        )

    @property
    def at_rest(self) -> bool:
        """Whether nothing runs and nothing is going to."""
        return self.child is None and self._start_due is None

    @property
    def next_due(self) -> float | None:
        """When `act` has something to do next, by the clock."""
        return min(self._dues(), default=None)

    def start(self, answer: Answer | None = None) -> None:
        """Start it if it does not run; `answer` is given once it is in order."""
        self._wanted, self.hopeless = True, False
        if answer is not None:
            self._await_run.append(answer)
        if self.child is None:
            self._spawn()
        elif self._kill_due is not None:
            self._restarting = True  # it is ending: start it again afterwards
        elif self._settle_due is None:
            self._answer(self._await_run)

    def stop(self, answer: Answer | None = None) -> None:
        """Ask it to end, and keep it so; `answer` is given once it has ended."""
        self._wanted = self._restarting = False
        self._start_due = None
        self._answer(self._await_run, error=f"{self.spec.name} was stopped meanwhile.")
        if answer is not None:
            self._await_end.append(answer)
        if self.child is None:
            self._answer(self._await_end)
        elif self._kill_due is None:
            self.child.terminate()
            self._kill_due = self._clock() + self._grace_s

    def restart(self, answer: Answer) -> None:
        """Stop it and start it again; earlier crashes are forgotten."""
        self._backoff.reset()
        if self.child is not None and not self._restarting:
            self.stop()
        self.start(answer)

    def act(self) -> None:
        """Do what is due by now."""
        now = self._clock()
        if self._start_due is not None and now >= self._start_due:
            self._restarts += 1
            self._spawn()
        if self._kill_due is not None and now >= self._kill_due and self.child is not None:
            logger.warning("{name} did not end: killed", name=self.spec.name)
            self.child.kill()
            self._kill_due = now + self._grace_s
        if self._settle_due is not None and now >= self._settle_due:
            self._settle(now)

    def ended(self, code: int) -> None:
        """Take note that the process has ended, and decide what comes next."""
        last_line = strip_colours(self.child.last_line) if self.child else ""
        asked = self._kill_due is not None
        self.child = self._kill_due = self._settle_due = None
        self._answer(self._await_end)
        if self._restarting:
            self._restarting = False
            self._spawn()
        elif asked or not self._wanted:
            logger.info("{name} stopped ({how})", name=self.spec.name, how=describe(code))
        else:
            how = describe(code)
            self._answer(
                self._await_run, error=f"{self.spec.name} ended at once ({how}): {last_line}"
            )
            self._ended_unasked(code)

    def _settle(self, now: float) -> None:
        """Answer those who wait for the start, once it is known how that went."""
        self._settle_due = None
        if self.spec.heartbeat is None or self.spec.heartbeat.exists():
            self._answer(self._await_run)
        elif now < self._begun + REPORT_S:
            self._settle_due = now + _LOOK_S
        else:
            self._answer(
                self._await_run,
                error=f"{self.spec.name} runs, but has not reported for {REPORT_S:g} s; "
                "its lines above, and `durapy ps`, may say why.",
            )

    def _ended_unasked(self, code: int) -> None:
        name, how = self.spec.name, describe(code)
        if code == ExitCode.OK:
            self._wanted = False
            logger.info("{name} ended by itself; `durapy restart {name}` starts it", name=name)
        elif code == ExitCode.SETTINGS:
            self._wanted, self.hopeless = False, True
            logger.error(
                "{name} cannot run with these settings; correct them and start again", name=name
            )
        else:
            self._start_later(how)

    def _start_later(self, how: str) -> None:
        """Start it again after a while, the longer the oftener in a row it came to that."""
        wait_s = self._backoff.next_wait_s(lived_s=self._clock() - self._begun)
        self._start_due = self._clock() + wait_s
        crashes = self._backoff.crashes
        if crashes >= LOOP_AFTER:
            logger.error(
                "{name} KEEPS CRASHING: {crashes} times in a row ({how}); next start in {wait:g} s",
                name=self.spec.name,
                crashes=crashes,
                how=how,
                wait=wait_s,
            )
        else:
            logger.warning(
                "{name} crashed ({how}); next start in {wait:g} s",
                name=self.spec.name,
                how=how,
                wait=wait_s,
            )

    def _spawn(self) -> None:
        self._start_due = None
        if self.spec.heartbeat is not None:
            self.spec.heartbeat.unlink(missing_ok=True)
        self._begun = self._clock()
        self._started_at = datetime.now(UTC)
        try:
            self.child = Child(self.spec, self._put)
        except OSError as error:  # this computer has no memory or no process left: later it may
            how = f"it could not be started: {error.strerror}"
            self._answer(self._await_run, error=f"{self.spec.name}: {how}")
            self._start_later(how)
            return
        self._settle_due = self._begun + SETTLED_S
        logger.debug("{name} started (process {pid})", name=self.spec.name, pid=self.child.pid)

    def _dues(self) -> Iterator[float]:
        for due in (self._start_due, self._kill_due, self._settle_due):
            if due is not None:
                yield due

    @staticmethod
    def _answer(waiting: list[Answer], error: str | None = None) -> None:
        for answer in waiting:
            if error is None:
                answer.set_result(None)
            else:
                answer.set_exception(DeployError(error))
        waiting.clear()


def describe(code: int) -> str:
    """Return how a process ended, in words: `exit code 4`, `signal SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
