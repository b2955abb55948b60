"""Replicas in memory on a clock that a test moves: what a rollout has to do with, and what dies."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from durapy_core.deploy.base import (
    Cancelled,
    Pair,
    Pulse,
    Replica,
    ReplicaState,
    Revision,
    RolloutManager,
    Say,
)
from durapy_core.deploy.pace import Clock
from durapy_core.errors import DeployError, ManagerUnavailableError
from durapy_core.fleet import Heard
from durapy_core.status import RolloutWay, ServiceState, ServiceStatus
from tests.support.statuses import status_of

Fate = Literal[
    "good",
    "build_fails",
    "vanishes",
    "ends",
    "never_ready",
    "never_healthy",
    "turns_ill",
    "fault",
    "removed",
]
READY_S = 1.0


class DiedError(BaseException):
    """The process that rolls out was killed; nothing of it runs on."""


class TestClock:
    """A clock that stands still until somebody waits."""

    __test__ = False

    def __init__(self) -> None:
        self.time_s = 0.0

    def now_s(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> None:
        self.time_s += seconds


@dataclass
class Process:
    """One replica: what becomes of it once it is started."""

    name: str
    fate: Fate = "good"
    after_s: float = 0.0
    started_s: float | None = None
    led_s: float | None = None
    ends_s: float = float("inf")

    def age_s(self, now_s: float) -> float:
        return -1.0 if self.started_s is None else now_s - self.started_s


@dataclass
class MemoryRollouts(RolloutManager):
    """A manager whose replicas are values.

    `dies_at`: the call that the caller does not survive; `ending_s`: how long a replica goes on
    after it was told to end, while starting it does nothing; `away`: the calls
    at which the manager does not answer.
    """

    clock: Clock
    fate: Fate = "good"
    after_s: float = 0.0
    beside: bool = True
    way: RolloutWay = "beside"
    speaks: bool = True
    ending_s: float = 0.0
    dies_at: int | None = None
    away: Collection[int] = ()
    calls: int = 0
    old: Process | None = field(default_factory=lambda: Process("old", started_s=-100.0))
    new: Process | None = None
    pair: Pair | None = None
    key: str = "k"

    # --- what a test looks at ---

    def running(self) -> list[str]:
        return [p.name for p in (self.old, self.new) if p is not None and self._runs(p)]

    def hear(self, service: str) -> list[Heard]:
        now_s = self.clock.now_s()
        if not self.speaks:
            return []
        up = [p for p in (self.old, self.new) if p and self._runs(p) and p.age_s(now_s) >= READY_S]
        heard = [Heard(status=self._status(p), age_s=0.1) for p in up if p.fate != "never_ready"]
        return heard or [Heard(status=self._status(Process("before")), age_s=99.0)]

    # --- the port ---

    def replicas(self) -> list[Replica]:
        names = self.running()
        return [Replica(service="camera", name=n, state=ReplicaState.RUNNING) for n in names]

    def start(self, name: str) -> None:
        raise NotImplementedError

    def stop(self, name: str) -> None:
        raise NotImplementedError

    def restart(self, name: str) -> None:
        raise NotImplementedError

    def resolve(self, name: str, revision: str) -> Revision:
        self._count()
        return Revision(commit="c" * 40, asked=revision)

    def before(self, name: str) -> str:
        return "b" * 40

    def build(self, name: str, revision: Revision, *, say: Say, cancelled: Cancelled) -> str:
        self._count()
        say(["step 1"])
        if self.fate == "build_fails":
            raise DeployError("it cannot be built")
        return f"camera:{revision.name}"

    def create(self, name: str, build: str, *, stop_first: bool, key: str) -> Pair:
        self._count()
        if self.fate == "vanishes":
            raise DeployError("the build has vanished")
        self.new, self.key = Process("new", self.fate, self.after_s), key
        ran = self.old is not None and self._runs(self.old)
        beside = self.beside and not stop_first
        self.pair = Pair(service=name, old="old", new="new", ran=ran, beside=beside)
        self._count()
        return self.pair

    def pairs(self) -> list[tuple[Pair, str]]:
        if self.pair is None:
            return []
        old = "old" if self.old else ""
        found = Pair(
            service="camera", old=old, new="new", ran=self.pair.ran, beside=self.pair.beside
        )
        return [(found, self.key)]

    def made_by(self, name: str) -> str:
        return "" if self.old else self.key

    def order(self) -> list[str]:
        return ["camera"]

    def fetch(self) -> str:
        self._count()
        return "fetched"

    def changes(self, name: str, revision: str) -> dict[str, Any]:
        return {"base": "b", "target": "c"}

    def launch(self, replica: str) -> None:
        self._count()
        process = self._process(replica)
        if not self._runs(process):
            process.started_s, process.led_s = self.clock.now_s(), None
            process.ends_s = float("inf")
        self._pass_lead()
        self._count()

    def halt(self, replica: str, *, grace_s: float | None = None) -> None:
        self._count()
        process, now_s = self._process(replica), self.clock.now_s()
        if self._runs(process):
            ending_s = self.ending_s if grace_s is None else min(grace_s, self.ending_s)
            process.ends_s = min(process.ends_s, now_s + ending_s)
            self._count()
            self.clock.wait(process.ends_s - now_s)
        process.started_s = None
        self._pass_lead()
        self._count()

    def pulse(self, replica: str) -> Pulse:
        process, now_s = self._process(replica), self.clock.now_s()
        self._pass_lead()
        running = self._runs(process)
        if process.fate == "removed" and not running and process.started_s is not None:
            raise DeployError("the container has vanished")
        led = process.led_s is not None and now_s - process.led_s >= process.after_s
        return Pulse(
            running=running,
            ended=None if running else "ended with exit code 3",
            healthy=process.fate != "never_healthy",
            ill="no" if process.fate == "turns_ill" and led else None,
            host=replica,
        )

    def last_lines(self, replica: str) -> list[str]:
        return ["ModuleNotFoundError: No module named 'numpy'"]

    def adopt(self, pair: Pair) -> None:
        self._count()
        self.old = None
        self._count()
        self.pair = None

    def discard(self, pair: Pair) -> None:
        self._count()
        self.new = self.pair = None
        self._count()

    # --- how replicas live ---

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.dies_at:
            raise DiedError
        if self.calls in self.away:
            raise ManagerUnavailableError("nobody answers")

    def _process(self, replica: str) -> Process:
        found = {"old": self.old, "new": self.new}[replica]
        assert found is not None, f"{replica} was removed"
        return found

    def _runs(self, process: Process) -> bool:
        age_s = process.age_s(self.clock.now_s())
        if self.clock.now_s() >= process.ends_s:
            return False
        return age_s >= 0 and not (process.fate in ("ends", "removed") and age_s >= process.after_s)

    def _pass_lead(self) -> None:
        """Let the one lead that runs while the other does not."""
        live = [p for p in (self.old, self.new) if p is not None and self._runs(p)]
        for process in live:
            others = [p for p in live if p is not process and p.led_s is not None]
            if process.led_s is None and not others and (len(live) == 1 or process is self.old):
                process.led_s = self.clock.now_s()

    def _status(self, process: Process) -> ServiceStatus:
        self._pass_lead()
        state = ServiceState.STANDBY if process.led_s is None else ServiceState.IDLE
        return status_of(
            "camera",
            replica=f"{process.name}-{process.started_s}",
            host=process.name,
            state=state,
            fault="valve" if process.fate == "fault" and process.led_s is not None else None,
            rollout=self.way,
        )
