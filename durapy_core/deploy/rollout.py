"""Rollout: another revision in the place of the one that runs, or the old one as it was.

Written once against `RolloutManager`, whatever runs the replicas:

    build     what is to run; the old replica runs on
    start     the new one, beside the old one where the service allows it
    standby   it has started, imports its code and reaches the store
    switch    the old one ends in order, so the lease passes and the new one leads
    watch     the new one must stay well for a while
    done      the new one is the service's own, the old one goes; or, after any failure,
    undone    the old one runs as before, the new one goes

A pair of replicas is all that has to be remembered, and the manager keeps it. Until `switch` the
old one runs; from then on it is there to be started again. So `resume` can finish or undo what a
death left behind, at whatever moment it came.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from durapy_core.deploy.base import Cancelled, Pair, Pulse, RolloutManager
from durapy_core.deploy.pace import Clock, Limits, RealClock
from durapy_core.errors import DeployError, RolloutFailedError
from durapy_core.fleet import Heard
from durapy_core.status import ServiceState, ServiceStatus

_LEADS: Final = (ServiceState.IDLE, ServiceState.IN_SESSION, ServiceState.BUSY)
_UNDO_GRACE_S: Final = 1.0
_POLL_S: Final = 0.1

Hear = Callable[[str], list[Heard]]
"""Returns what is known of a service: every replica that is up, else its last one."""


class Tell(Protocol):
    """Is told of each step as it begins, and of lines that belong to it."""

    def __call__(self, step: str, message: str, lines: Sequence[str] = ()) -> None:
        """Pass it on."""


class Rollout:
    """One rollout of one service, new or found half-way."""

    def __init__(
        self,
        manager: RolloutManager,
        hear: Hear,
        tell: Tell,
        *,
        cancelled: Cancelled = lambda: None,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._manager = manager
        self._hear = hear
        self._tell = tell
        self._cancelled = cancelled
        self._limits = limits or Limits()
        self._clock = clock or RealClock()
        self._earlier: set[str] = set()
        self._speaks = False
        self._may_be_ending = False

    def run(self, service: str, revision: str, *, key: str, back: bool = False) -> str | None:
        """Roll a service out and return what became of it, in words.

        None: the service is the manager's own, and the new one stands by to go on from here with
        `resume`; give up the lead.

        Args:
            service: its name.
            revision: a branch, tag or commit; empty: the checkout's commit.
            key: of the request, for who finds the pair after a death.
            back: take the revision that ran before instead of `revision`.

        Raises:
            RolloutFailedError: the old revision runs, as before.
            DeployError: there was nothing to roll out; nothing was touched.
        """
        self._tell("resolve", f"looking for {revision or 'the revision'}")
        asked = self._manager.before(service) if back else revision
        wanted = self._manager.resolve(service, asked)
        self._tell("build", f"building {service} at {wanted.name} ({wanted.asked})")
        build = self._manager.build(
            service,
            wanted,
            say=lambda lines: self._tell("build", "", lines),
            cancelled=self._cancelled,
        )
        heard = self._hear(service)
        self._speaks, self._earlier = bool(heard), {one.status.replica for one in heard if one.up}
        stop_first = any(one.status.rollout == "stop_first" for one in heard)
        pair = self._manager.create(service, build, stop_first=stop_first, key=key)
        if not self._replace(pair, wanted.name):
            return None
        self._tell("done", f"{service} runs {wanted.name}")
        return f"{service} runs {wanted.name}"

    def resume(self, pair: Pair, *, switched: bool = True) -> str:
        """Finish or undo what somebody else began, and return what became of it, in words.

        `switched`: whether the step `switch` was told, so that the old one may be about to end.

        Raises:
            RolloutFailedError: it was undone; the old revision runs.
        """
        self._speaks = bool(self._hear(pair.service))
        self._may_be_ending = switched and pair.own == "neither"
        try:
            if pair.old and pair.own != "new":
                self._look_at_found(pair)
        except DeployError as error:
            self._undo(pair, error, touched=True)
        self._manager.adopt(pair)
        found = "" if pair.own == "new" else "was found half-way and "
        message = f"{pair.service} {found}runs the new revision"
        self._tell("done", message)
        return message

    def _look_at_found(self, pair: Pair) -> None:
        if not self._runs(pair.new):
            raise DeployError("the rollout was found half-way, and the new one does not run")
        if pair.ran and self._runs(pair.old):
            ready = self._stands_by(pair, self._manager.pulse(pair.new))
            if pair.own == "old" or not ready:
                raise DeployError("the rollout was found half-way, and the old one is in charge")
            # The old one may have been told to end: it would end after it was left in charge.
            self._tell("switch", "found half-way: the old one ends, and the lease passes")
            self._end_old(pair)
        self._settle(pair)

    def _replace(self, pair: Pair, name: str) -> bool:
        """Put the new one in the place of the old one; False: it is our own successor."""
        touched = False
        try:
            if pair.beside:
                self._start(pair, name)
                self._await(pair, self._limits.start_s, self._stands_by, "was not ready")
                if pair.own == "old":
                    self._tell("switch", "the new deployer takes over from here")
                    return False
                self._tell("switch", "the old one ends, and the lease passes")
                touched = True
                self._end_old(pair)
            else:
                self._tell("switch", "the old one ends first, as this service needs it")
                touched = True
                self._end_old(pair)
                self._start(pair, name)
            self._settle(pair)
        except DeployError as error:
            self._undo(pair, error, touched=touched)
        self._manager.adopt(pair)
        return True

    def _end_old(self, pair: Pair) -> None:
        self._may_be_ending = True  # until the manager says that it has ended
        self._manager.halt(pair.old)
        self._may_be_ending = False

    def _start(self, pair: Pair, name: str) -> None:
        beside = ", beside the old one" if pair.beside else ""
        self._tell("start", f"starting {pair.service} at {name}{beside}")
        self._manager.launch(pair.new)
        if pair.beside:
            self._tell("standby", "it must start, import its code and reach the store")

    def _settle(self, pair: Pair) -> None:
        """Wait until the new one leads, then watch it."""
        self._await(pair, self._limits.switch_s, self._leads, "did not take over")
        self._tell("watch", f"watching it for {self._limits.watch_s:g} s")
        until_s = self._clock.now_s() + self._limits.watch_s

        def well(pair: Pair, pulse: Pulse) -> bool:
            status = self._status(pair, pulse)
            if status is None and self._speaks:
                raise DeployError(f"the new {pair.service} fell silent")
            if status is not None and status.fault:
                raise DeployError(f"the new {pair.service} reports a fault: {status.fault}")
            over = self._clock.now_s() >= until_s
            return over and pulse.healthy and self._leads(pair, pulse)

        self._await(pair, self._limits.watch_s + self._limits.start_s, well, "did not stay well")

    def _await(
        self, pair: Pair, limit_s: float, reached: Callable[[Pair, Pulse], bool], otherwise: str
    ) -> None:
        """Return once `reached`; raise as soon as the new replica ends or is ill, or too late."""
        for pulse in self._pulses(pair, limit_s):
            if reached(pair, pulse):
                return
        said = f"the new {pair.service} {otherwise} within {limit_s:g} s"
        raise DeployError(f"{said}; see what it said last")

    def _pulses(self, pair: Pair, limit_s: float) -> Iterator[Pulse]:
        until_s = self._clock.now_s() + limit_s
        while self._clock.now_s() < until_s:
            why = self._cancelled()
            if why:
                raise DeployError(why)
            pulse = self._manager.pulse(pair.new)
            if pulse.ended or not pulse.running:
                raise DeployError(f"the new {pair.service} {pulse.ended or 'does not run'}")
            if pulse.ill is not None:
                raise DeployError(f"the new {pair.service} is unhealthy: {pulse.ill}".rstrip(": "))
            yield pulse
            self._clock.wait(_POLL_S)

    def _stands_by(self, pair: Pair, pulse: Pulse) -> bool:
        """Whether it is ready to take over; where nobody leads, it leads at once."""
        status = self._status(pair, pulse)
        if status is not None:
            return status.state is ServiceState.STANDBY or status.state in _LEADS
        return not self._speaks and pulse.healthy

    def _leads(self, pair: Pair, pulse: Pulse) -> bool:
        status = self._status(pair, pulse)
        if status is not None:
            return status.state in _LEADS
        return not self._speaks and pulse.healthy

    def _status(self, pair: Pair, pulse: Pulse) -> ServiceStatus | None:
        """Return what the new replica says of itself; None before its first word."""
        for heard in self._hear(pair.service):
            status = heard.status
            here = status.host == pulse.host and pulse.pid in (None, status.pid)
            if heard.up and here and status.replica not in self._earlier:
                return status
        return None

    def _undo(self, pair: Pair, error: DeployError, *, touched: bool) -> None:
        """Put the old replica back and raise why.

        Raises:
            RolloutFailedError: always.
        """
        lines = self._manager.last_lines(pair.new)
        self._tell("undone", f"{error}; putting the old one back", lines)
        kept = "the old one was never touched"
        if touched:
            kept = "the old one runs again"
            if pair.old and pair.ran and not self._back(pair):
                kept = "the old one was started again, but does not lead yet"
        self._manager.discard(pair)
        raise RolloutFailedError(f"{error}; {kept}") from error

    def _back(self, pair: Pair) -> bool:
        """Put the old one back and return whether it leads.

        It is started before the new one ends, where both may run: it takes over at once. A new one
        that does not lead has nothing to end in order, and may hang.
        """
        if self._may_be_ending:  # starting what still runs would do nothing, and then it would end
            self._manager.halt(pair.old)
        grace_s = _UNDO_GRACE_S if self._is_in_charge(pair) else 0.0
        if not self._runs(pair.old):
            self._earlier |= {heard.status.replica for heard in self._hear(pair.service)}
        if pair.beside:
            self._manager.launch(pair.old)
        self._manager.halt(pair.new, grace_s=grace_s if pair.beside else None)
        return self._see_back(pair)

    def _see_back(self, pair: Pair) -> bool:
        """Look until the old one leads, starting it whenever it does not run; False: too late."""
        until_s = self._clock.now_s() + self._limits.back_s
        while self._clock.now_s() < until_s:
            pulse = self._manager.pulse(pair.old)
            if not pulse.running:
                self._manager.launch(pair.old)
            elif self._leads(pair, pulse):
                return True
            self._clock.wait(_POLL_S)
        return False

    def _is_in_charge(self, pair: Pair) -> bool:
        try:
            return self._leads(pair, self._manager.pulse(pair.new))
        except DeployError:  # it has vanished
            return False

    def _runs(self, replica: str) -> bool:
        return self._manager.pulse(replica).running
