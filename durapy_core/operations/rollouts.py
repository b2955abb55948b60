"""Rollouts as the log of operations carries them: each on a thread of its own, cancellable.

What a death left behind is taken up again from what the manager finds, not from the log.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final, Protocol

from loguru import logger

from durapy_core.deploy.base import Pair, RolloutManager
from durapy_core.deploy.pace import Limits
from durapy_core.deploy.rollout import Hear, Rollout
from durapy_core.errors import DeployError, EngineUnavailableError, ManagerUnavailableError
from durapy_core.operations.requests import ALL, OperationState, State

_MOST_LINES: Final = 5000
_AGAIN_S: Final = 2.0
_OWN_END: Final = "the deployer is stopping"
_AWAY: Final = (ManagerUnavailableError, EngineUnavailableError)
"""What is waited for: neither what runs nor what it says of itself is known meanwhile."""

Answer = Callable[[OperationState, State, str], None]


class Told(Protocol):
    """Puts one step of a request on the log."""

    def __call__(
        self, asked: OperationState, step: str, message: str, lines: Sequence[str] = ()
    ) -> object:
        """Write it."""


class Rollouts:
    """What is being rolled out now, and what becomes of it."""

    def __init__(self, manager: RolloutManager, hear: Hear, *, limits: Limits) -> None:
        """Take what replaces replicas, what tells of their statuses, and how long all may take."""
        self.manager = manager
        self._hear = hear
        self._limits = limits
        self._running: dict[str, _Job] = {}
        self._stop = threading.Event()
        self.handed_over = threading.Event()

    def busy(self, service: str) -> str | None:
        """Return why a service cannot be touched now, or None."""
        for job in list(self._running.values()):
            if job.service in (service, ALL) or service == ALL:
                by = f" for {job.asked.by}" if job.asked and job.asked.by else ""
                return f"{job.service} is being rolled out{by}; wait for that, or cancel it."
        return None

    def begin(self, asked: OperationState, told: Told, answer: Answer) -> None:
        """Begin what is asked on a thread of its own; it is answered at its end."""
        job = _Job(asked.service, asked)
        self._spawn(asked.key, job, lambda: self._carry_out(job, told, answer))

    def take_up(
        self,
        unanswered: dict[str, OperationState],
        told: Told,
        answer: Answer,
        *,
        switched: Collection[str] = (),
    ) -> None:
        """Finish or undo what a death left behind, and answer the requests that it belongs to.

        `switched` are those of them whose old replica may have been told to end.
        """
        rest = dict(unanswered)
        for pair, key in self.manager.pairs():
            asked = rest.pop(key, None)
            job = _Job(pair.service, asked)
            job.switched = asked is None or key in switched
            self._spawn(key, job, partial(self._resume, pair, job, told, answer))
        for asked in rest.values():
            answer(asked, *self._what_became_of(asked))

    def cancel(self, key: str, by: str | None) -> bool:
        """Ask for the end of a rollout; False if none with this key is under way."""
        job = self._running.get(key)
        if job is None:
            return False
        job.why = f"cancelled by {by or 'somebody'}"
        return True

    def end(self) -> None:
        """Give up what is under way, as far as it can be undone, and return when all has ended."""
        for job in list(self._running.values()):
            job.why = job.why or _OWN_END
        self._stop.set()
        for job in list(self._running.values()):
            job.thread.join()

    def _spawn(self, key: str, job: "_Job", work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            finally:
                self._running.pop(key, None)

        job.thread = threading.Thread(target=run, name=f"rollout {job.service}", daemon=True)
        self._running[key] = job
        job.thread.start()

    def _carry_out(self, job: "_Job", told: Told, answer: Answer) -> None:
        assert job.asked is not None  # noqa: S101 (whoever asks is there)
        try:
            said = self._each(job, told)
        except (DeployError, EngineUnavailableError) as error:
            if isinstance(error, _AWAY) and job.step != "resolve":
                self._take_up_again(job, told, answer, error)
            else:
                answer(job.asked, "failed", str(error))
        except Exception as error:  # noqa: BLE001 (a manager's fault must not end the deployer)
            logger.exception("a rollout met an unforeseen error", request=job.asked.key)
            answer(job.asked, "failed", f"{type(error).__name__}: {error}; see the deployer's log")
        else:
            if None in said:
                self.handed_over.set()  # the successor answers
                return
            answer(job.asked, "done", "; ".join(filter(None, said)))

    def _each(self, job: "_Job", told: Told) -> list[str | None]:
        """Roll out one service after the other, all at one commit; the first failure ends it."""
        asked = job.asked
        assert asked is not None  # noqa: S101 (see _carry_out)
        names, revision = [job.service], asked.wishes.revision
        if job.service == ALL:
            names = self.manager.order()
            found = self.manager.resolve(names[0], revision)
            revision = revision if found.changed else found.commit
        back = asked.verb == "rollback"
        return [
            self._rollout(job, told).run(name, revision, key=asked.key, back=back) for name in names
        ]

    def _take_up_again(self, job: "_Job", told: Told, answer: Answer, error: Exception) -> None:
        """Finish or undo what is half-way, as soon as the manager and the store answer again."""
        assert job.asked is not None  # noqa: S101 (see _carry_out)
        while True:
            try:
                found = [pair for pair, key in self.manager.pairs() if key == job.asked.key]
            except ManagerUnavailableError:
                if self._stop.wait(_AGAIN_S):
                    return  # the next start takes it up
                continue
            break
        if not found:
            answer(job.asked, "failed", str(error))
        for pair in found:
            self._resume(pair, job, told, answer)

    def _resume(self, pair: Pair, job: "_Job", told: Told, answer: Answer) -> None:
        state: State = "failed"
        message = ""
        while True:
            try:
                message = self._rollout(job, told).resume(pair, switched=job.switched)
                state = "done"
            except _AWAY:
                if self._stop.wait(_AGAIN_S):
                    return  # the next start takes it up
                continue
            except DeployError as error:
                message = str(error)
            break
        logger.warning("{service}: {what}", service=pair.service, what=message)
        if job.asked is not None and job.asked.service == ALL:
            state, message = _of_all(pair, state, message)
        if job.asked is not None:
            answer(job.asked, state, message)

    def _rollout(self, job: "_Job", told: Told) -> Rollout:
        def tell(step: str, message: str, lines: Sequence[str] = ()) -> None:
            room = max(0, _MOST_LINES - job.lines)
            job.step, job.lines = step, job.lines + len(lines)
            job.switched = step == "switch" or (job.switched and step != "resolve")
            if job.asked is not None:
                told(job.asked, step, message, lines[:room])

        return Rollout(
            self.manager, self._hear, tell, cancelled=lambda: job.why, limits=self._limits
        )

    def _what_became_of(self, asked: OperationState) -> tuple[State, str]:
        try:
            made = asked.service != ALL and self.manager.made_by(asked.service) == asked.key
        except DeployError as error:
            return "failed", f"interrupted, and nothing is known of {asked.service}: {error}"
        if made:
            return "done", f"{asked.service} runs the new revision"
        return "failed", "interrupted: the deployer ended meanwhile; the old revision runs"


def _of_all(pair: Pair, state: State, message: str) -> tuple[State, str]:
    """Return what is to be said of a rollout of all that was found at one; our own is the last."""
    if pair.own == "new":
        return state, message
    return "failed", f"{message}; it was interrupted there: ask again for the rest"


class _Job:
    """One rollout under way; `why` is set when it is to be given up.

    `switched`: whether its old replica may have been told to end.
    """

    def __init__(self, service: str, asked: OperationState | None) -> None:
        self.service = service
        self.asked = asked
        self.why: str | None = None
        self.step = "resolve"
        self.lines = 0
        self.switched = False
        self.thread = threading.Thread()
