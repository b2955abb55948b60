"""What every term of one replica shares: its service, its store, its clock, its way to wait."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from durapy_core.engines.base import Engine
from durapy_core.errors import EngineError
from durapy_core.failures import FailureHook
from durapy_core.patience import Patience
from durapy_core.safety import SafetyWatch
from durapy_core.service import Service
from durapy_core.store_clock import StoreClock
from durapy_core.vitals import Vitals

if TYPE_CHECKING:
    from loguru import Logger

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What every term of one replica shares.

    Attributes:
        log: loguru's logger with `service` and `replica` bound.
        safety: knows the safe state, and has the service made safe.
        stop: asks for the end of the replica; `stopping` tells whether somebody has.
        commit_s: how long finished records may wait for their commit, in seconds.
        debug: whether each record that is handled is logged at DEBUG.
        on_failure: is told what the service's own code raised; None logs it.
        on_return: is called when the store has been away and answers again.
    """

    service: Service
    engine: Engine
    log: "Logger"
    clock: StoreClock
    patience: Patience
    safety: SafetyWatch
    stop: Callable[[], None]
    stopping: Callable[[], bool]
    commit_s: float
    debug: bool
    on_failure: FailureHook | None
    on_return: Callable[[], None]
    vitals: Vitals = field(default_factory=Vitals)

    def wait(self, call: Callable[[], R]) -> R:
        """Return what a call to the store returns, however long it is away.

        Raises:
            StoppedWaitingError: the replica is to end first.
            LeaseLostError: another process leads the service.
        """
        return self.patience.call(call, on=EngineError)[0]
