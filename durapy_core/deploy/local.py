"""The local manager: services as child processes of this one, started again when they crash.

Children and askers put events on one queue; one loop, on the main thread, reads it and decides.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from difflib import get_close_matches
from queue import Empty, SimpleQueue
from typing import Final, Literal

from loguru import logger

from durapy_core.deploy.base import DeployManager, Replica
from durapy_core.deploy.child import Ended, Line, ProcessSpec
from durapy_core.deploy.printer import Printer
from durapy_core.deploy.unit import GRACE_S, REPORT_S, Unit
from durapy_core.errors import DeployError, ManagerUnavailableError, ServiceNotFoundError
from durapy_core.exit_codes import ExitCode

LEAVE_S: Final = 1.5
"""How long the manager waits for killed processes before it leaves without them."""

_ANSWER_S: Final = GRACE_S + REPORT_S + 5


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody on another thread wants something done to a service."""

    verb: Literal["start", "stop", "restart"]
    name: str
    answer: Future[None]


@dataclass(frozen=True, slots=True)
class _EndAsked:
    """The manager itself is to end; asked twice, at once."""


class LocalManager(DeployManager):
    """Looks after one process per service, from `run` until `end`."""

    def __init__(
        self,
        specs: Iterable[ProcessSpec],
        printer: Printer,
        *,
        clock: Callable[[], float] = time.monotonic,
        grace_s: float = GRACE_S,
    ) -> None:
        self._events: SimpleQueue[Line | Ended | _Asked | _EndAsked] = SimpleQueue()
        self._printer = printer
        self._clock = clock
        self._grace_s = grace_s
        put = self._events.put
        self._units = {s.name: Unit(s, put, clock, grace_s=grace_s) for s in specs}
        self._leave_due: float | None = None
        self._code = ExitCode.OK
        self._over = False

    def run(self) -> ExitCode:
        """Start every service, look after them until `end`, and return the exit code.

        To be called on the main thread: on Linux the children end when that thread does.
        """
        for unit in self._units.values():
            unit.start()
        while not self._is_over():
            self._handle(self._next_event())
            for unit in self._units.values():
                unit.act()
            if self._printer.broken and self._leave_due is None:
                self._begin_end()
        self._over = True
        self._refuse_the_rest()
        return self._code

    def end(self) -> None:
        """Make `run` stop every process and return; asked again, it kills them at once.

        May be called from a signal handler.
        """
        self._events.put(_EndAsked())

    def replicas(self) -> list[Replica]:
        """Return one replica per service; see `DeployManager.replicas`."""
        return [self._units[name].replica for name in sorted(self._units)]

    def start(self, name: str) -> None:
        """Start a service; see `DeployManager.start`."""
        self._ask("start", name)

    def stop(self, name: str) -> None:
        """Stop a service; see `DeployManager.stop`."""
        self._ask("stop", name)

    def restart(self, name: str) -> None:
        """Restart a service; see `DeployManager.restart`."""
        self._ask("restart", name)

    def _ask(self, verb: Literal["start", "stop", "restart"], name: str) -> None:
        if name not in self._units:
            near = get_close_matches(name, self._units, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"here are {', '.join(self._units)}."
            raise ServiceNotFoundError(f'`durapy up` runs no service called "{name}"; {hint}')
        if self._over:
            raise ManagerUnavailableError("`durapy up` has ended; start it again.")
        answer: Future[None] = Future()
        self._events.put(_Asked(verb, name, answer))
        try:
            answer.result(timeout=_ANSWER_S)
        except FutureTimeoutError as error:
            raise DeployError(
                f"{verb} {name}: not done after {_ANSWER_S:g} s; `durapy ps` shows the services."
            ) from error

    def _next_event(self) -> Line | Ended | _Asked | _EndAsked | None:
        dues = [due for unit in self._units.values() if (due := unit.next_due) is not None]
        if self._leave_due is not None:
            dues.append(self._leave_due)
        wait_s = max(0.0, min(dues) - self._clock()) if dues else None
        try:
            return self._events.get(timeout=wait_s)
        except Empty:
            return None

    def _handle(self, event: Line | Ended | _Asked | _EndAsked | None) -> None:
        match event:
            case Line(child, text, shown):
                self._printer.line(child.spec.name, text)
                shown()
            case Ended(child, code):
                self._handle_end(self._units[child.spec.name], code)
            case _Asked(verb, name, answer):
                self._handle_request(verb, self._units[name], answer)
            case _EndAsked():
                self._handle_end_asked()
            case None:
                pass

    def _handle_end(self, unit: Unit, code: int) -> None:
        unit.ended(code)
        if unit.hopeless and unit.spec.vital and self._leave_due is None:
            self._code = ExitCode(code)
            self._begin_end()

    def _handle_request(
        self, verb: Literal["start", "stop", "restart"], unit: Unit, answer: Future[None]
    ) -> None:
        if self._leave_due is not None:
            answer.set_exception(ManagerUnavailableError("`durapy up` is ending."))
        elif verb == "start":
            unit.start(answer)
        elif verb == "stop":
            unit.stop(answer)
        else:
            unit.restart(answer)

    def _handle_end_asked(self) -> None:
        if self._leave_due is None:
            logger.info("stopping; Ctrl-C again ends everything at once")
            self._begin_end()
            return
        for unit in self._units.values():
            if unit.child is not None:
                unit.child.kill()

    def _begin_end(self) -> None:
        self._leave_due = self._clock() + self._grace_s + LEAVE_S
        for unit in self._units.values():
            unit.stop()

    def _is_over(self) -> bool:
        if all(unit.at_rest for unit in self._units.values()):
            return True
        if self._leave_due is None or self._clock() < self._leave_due:
            return False
        left = [unit.replica.name for unit in self._units.values() if unit.child is not None]
        logger.error("these processes did not end: {left}", left=", ".join(left))
        self._code = ExitCode.FAILED
        return True

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                event = self._events.get_nowait()
            except Empty:
                return
            if isinstance(event, _Asked):
                event.answer.set_exception(ManagerUnavailableError("`durapy up` has ended."))
