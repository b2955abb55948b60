"""One running copy of a service: it stands by, leads, takes turns with the log, and stops.

It knows nothing of signals, threads or processes: `run_service` adds those, and in a test the
harness takes the turns.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from loguru import logger

from durapy_core.context import StopReason
from durapy_core.engines.base import CATALOG, LEASES, Engine
from durapy_core.engines.lead import Lead
from durapy_core.entry import Cursor
from durapy_core.errors import EngineError, EngineUnavailableError, LeaseLostError, ServiceError
from durapy_core.failures import FailureHook
from durapy_core.leadership import Leadership
from durapy_core.office import Office
from durapy_core.patience import Patience, StoppedWaitingError
from durapy_core.presence import make_replica_name
from durapy_core.safety import SafetyWatch
from durapy_core.service import Service
from durapy_core.session import OpenSession
from durapy_core.status import ServiceState, ServiceStatus
from durapy_core.store_clock import StoreClock, boottime_s
from durapy_core.term import Term
from durapy_core.versions import publish_catalog

R = TypeVar("R")

_LOOKS_PER_LEASE: Final = 20
"""A standby looks so often; the lease is shorter by one look, so that none comes too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOptions:
    """How a replica runs.

    Attributes:
        name: of this replica; no other has it.
        revision: the code it runs.
        commit_s: how long finished records may wait for their commit, in seconds.
        lease_s: so long after a leader's death another has taken over, in seconds.
        debug: whether each record that is handled is logged at DEBUG.
    """

    name: str = field(default_factory=make_replica_name)
    revision: str = "unknown"
    commit_s: float = 0.005
    lease_s: float = 3.0
    debug: bool = False


class Replica:
    """Runs one service on one engine: `startup`, then `turn` again and again, then `shutdown`.

    Of the replicas of one service one leads and handles records; the others stand by.

    Attributes:
        options: how it runs.
        stopping: True once `stop` was called.
        safety: what this process knows of the safe state; a thread has to `look`.
    """

    def __init__(
        self,
        service: Service,
        engine: Engine,
        options: ReplicaOptions | None = None,
        *,
        on_failure: FailureHook | None = None,
    ) -> None:
        self.options = options or ReplicaOptions()
        self.stopping = False
        self._service = service
        self._engine = engine
        self._log = logger.bind(service=service.name, replica=self.options.name)
        self._clock = StoreClock(self._log)
        self._makes_safe = bool(service.safe_state_hooks)
        self.safety = SafetyWatch(
            engine, service=service.name, makes_safe=self._makes_safe, log=self._log
        )
        self._office = Office(
            service=service,
            engine=engine,
            log=self._log,
            clock=self._clock,
            patience=Patience(self._log, stopping=lambda: self.stopping),
            safety=self.safety,
            stop=self.stop,
            stopping=lambda: self.stopping,
            commit_s=self.options.commit_s,
            debug=self.options.debug,
            on_failure=on_failure,
            on_return=self._publish,
        )
        self._term: Term | None = None
        self._leadership: Leadership | None = None
        self._first: Cursor | None = None
        self._leases: Cursor | None = None
        self._phase: ServiceState | None = ServiceState.STARTING
        self._started_at = datetime.now(UTC)
        self._look_s = self.options.lease_s / _LOOKS_PER_LEASE
        self._patient_until_s = 0.0

    def stop(self) -> None:
        """Ask for the end after the current handler. Any thread and any signal handler may."""
        self.stopping = True

    @property
    def session(self) -> OpenSession | None:
        """The open session, or None."""
        return self._term.session if self._term else None

    def startup(self, *, first: Cursor | None = None) -> None:
        """Return when this replica leads: its start hooks were called, its session is restored.

        Args:
            first: where a service begins that never ran before; None for the end of the log.

        Raises:
            ServiceError: a start hook raised something else than a DurapyError, which goes on.
            StoppedWaitingError: `stop` was called while the store was away or another leads.
        """
        self._first = first
        while not self._take_lead(self._look_s):
            if self.stopping:
                raise StoppedWaitingError

    def turn(self, wait_s: float) -> int:
        """Save the progress, read the next records in the same round trip, and handle them.

        Waits up to `wait_s` seconds for the first one. Returns how many were read: none while this
        replica stands by.

        Raises:
            StoppedWaitingError: `stop` was called while the store was away.
        """
        if self._phase is ServiceState.STARTING:
            raise ServiceError("startup() comes before turn().")
        if self._term is None:
            self._take_lead(min(wait_s, self._look_s))
            return 0
        try:
            return self._term.turn(wait_s)
        except LeaseLostError as error:
            self._step_down(self._term, error)
            return 0

    def shutdown(self, reason: StopReason = StopReason.SHUTDOWN) -> None:
        """Save the progress, let go of the session, end background work, call the stop hooks."""
        self._phase = ServiceState.STOPPING
        if self._term is not None:
            try:
                self._term.end(reason)
            except LeaseLostError as error:
                self._log.error("{why} What was handled last is handled again", why=str(error))
                self._term.cut_short()
        self._phase = ServiceState.STOPPED

    def renew_lease(self) -> None:
        """Renew the lease if this replica leads, else only ask for the store's time.

        Another thread than the loop's may.

        Raises:
            EngineError: the store did not take that; the loop finds out before its next record.
        """
        leadership = self._leadership
        if leadership is not None:
            leadership.renew()
        else:
            self._clock.measure(self._engine.now_s)

    def status(self) -> ServiceStatus:
        """Return what this replica says of itself now. Any thread may ask."""
        session = self.session
        safe = self.safety.said()
        faults = (
            f"could not be made safe: {safe.text}" if safe and safe.state == "failed" else None,
            session.fault if session else None,
            self._office.vitals.missed,
        )
        counted = self._office.vitals.as_status()
        return ServiceStatus(
            service=self._service.name,
            replica=self.options.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            revision=self.options.revision,
            state=self._phase or _state(busy=counted["busy_key"] is not None, session=session),
            session=session.info if session else None,
            makes_safe=self._makes_safe,
            safe_state=safe,
            fault="; ".join(filter(None, faults)) or None,
            rollout=self._service.rollout,
            started_at=self._started_at,
            clock_offset_s=self._clock.offset_s,
            clock_steps=self._clock.steps,
            **counted,
        )

    def _take_lead(self, wait_s: float) -> bool:
        """Lead if nobody does, else wait for up to `wait_s` seconds until somebody gives up."""
        if self._leases is not None and self._clock_jumped():
            self._wait_for_release(self._leases, wait_s)
            return False
        asked: list[float] = []
        lead = self._ask(lambda: self._ask_for_lead(asked))
        if lead is not None:
            return self._begin_term(lead, asked_s=asked[-1])
        if self._leases is None:
            self._stand_by()
        elif not self.stopping:
            self._wait_for_release(self._leases, wait_s)
        return False

    def _ask_for_lead(self, asked: list[float]) -> Lead | None:
        asked.append(boottime_s())
        return self._engine.lead(self._service.name, lease_s=self.options.lease_s - self._look_s)

    def _clock_jumped(self) -> bool:
        """Return whether the store's clock jumped less than a lease ago, by this standby's own.

        Then a lease that has run out by the store's clock may be held by a leader that is well.
        """
        steps, asked_s = self._clock.steps, boottime_s()
        self._clock.sample(self._ask(self._engine.now_s), asked_s=asked_s)
        if self._clock.steps != steps:
            self._patient_until_s = asked_s + self.options.lease_s
        return asked_s < self._patient_until_s

    def _stand_by(self) -> None:
        """Say that another process leads; look for its release from here on."""
        self._leases = self._ask(lambda: self._engine.end(LEASES))
        name, catalog = self._service.name, self._service.publish()
        if self._ask(lambda: self._engine.table(CATALOG)).get(name) is None:
            self._ask(lambda: publish_catalog(self._engine, catalog))
        self._phase = ServiceState.STANDBY
        self._log.info("standing by: another process leads this service")

    def _wait_for_release(self, after: Cursor, wait_s: float) -> None:
        entries = self._ask(lambda: self._engine.read(LEASES, after=after, wait_s=wait_s))
        if entries:
            self._leases = Cursor(entries[-1].key)

    def _ask(self, call: Callable[[], R]) -> R:
        """Return what a call to the store returns, however long it is away.

        A store that refuses ends a process that has only just started; later it is waited for as
        well, so that a full disk ends no standby.
        """
        starting = self._phase is ServiceState.STARTING
        on = EngineUnavailableError if starting else EngineError
        return self._office.patience.call(call, on=on)[0]

    def _begin_term(self, lead: Lead, *, asked_s: float) -> bool:
        if self._phase is ServiceState.STANDBY:
            self._log.info("taking the lead")
        self._phase, self._leases = ServiceState.STARTING, None
        held_s = self.options.lease_s - self._look_s
        self._leadership = Leadership(lead, self._clock, lease_s=held_s, asked_s=asked_s)
        self._term = term = Term(self._office, lead, self._leadership)
        try:
            self._publish()
            term.begin(self._first)
        except LeaseLostError as error:
            self._step_down(term, error)
            return False
        self._phase = None
        return True

    def _step_down(self, term: Term, error: LeaseLostError) -> None:
        """Let go of everything without writing, and stand by."""
        self._log.error("{why} This process stands by from now on", why=str(error))
        self._leadership = None
        self._phase = ServiceState.STOPPING
        term.cut_short()
        self._term = None
        self._stand_by()

    def _publish(self) -> None:
        catalog = self._service.publish()
        self._office.patience.call(lambda: publish_catalog(self._engine, catalog), on=EngineError)


def _state(*, busy: bool, session: OpenSession | None) -> ServiceState:
    if busy:
        return ServiceState.BUSY
    return ServiceState.IN_SESSION if session else ServiceState.IDLE
