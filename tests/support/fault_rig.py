"""A rig that is being hurt: a service that sends three records for each, and the count of all."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

from durapy_core.command import Command
from durapy_core.engines.base import RECEIPTS
from durapy_core.entry import START, Cursor
from durapy_core.errors import EngineError
from durapy_core.receipt import RECEIPT, Receipt
from durapy_core.status import ServiceState
from tests.support.service_process import ServiceProcess, Shared
from tests.support.waiting import wait_for

LEASE_S: Final = 0.6
LIMIT_S: Final = 120

TRIPLE: Final = """
import os, signal, time
from durapy_core import Command, Context, Service

class AskCommand(Command, type="FAULT_ASK"):
    number: int
    for_s: float = 0.0
class TellCommand(Command, type="FAULT_TELL"):
    number: int
    part: int

service = Service("triple", sends=[TellCommand])

@service.on(AskCommand)
def tell(ask: AskCommand, ctx: Context) -> None:
    if ask.number == -2:
        os.kill(os.getpid(), signal.SIGKILL)
    if ask.number < 0:
        raise ValueError("as asked")
    ctx.send(TellCommand(number=ask.number, part=1))
    time.sleep(ask.for_s)
    ctx.send_many([TellCommand(number=ask.number, part=part) for part in (2, 3)])
"""


class FaultAskCommand(Command):
    """As the service knows it: -1 raises, -2 kills."""

    number: int
    for_s: float = 0.0


class FaultTellCommand(Command):
    """As the service knows it."""

    number: int
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the records that were sent.

    Attributes:
        lost: answers that are missing. doubled: answers that came twice or were never due.
        redelivered: receipts of records that were handed over again.
        receipts: how many receipts there are of each record that has not exactly one.
        outcomes: how many records ended how.
    """

    lost: int
    doubled: int
    redelivered: int
    receipts: dict[str, int]
    outcomes: dict[str, int]


class FaultRig:
    """The service `triple` on one store: started, killed and counted by a test."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.keys: list[str] = []
        self._number = 0
        self._receipts: list[Receipt] = []
        self._read_to = START
        self._services = shared.folder / "fault_services"
        (self._services / "triple").mkdir(parents=True)
        (self._services / "triple" / "service.py").write_text(TRIPLE)

    def spawn(self, *, lease_s: float = LEASE_S) -> ServiceProcess:
        """Start the service without waiting for it."""
        return ServiceProcess(
            "triple", self.shared, self._services, {"DURAPY_LEASE_S": str(lease_s)}
        )

    def ask(self, count: int = 1, *, for_s: float = 0.0) -> None:
        """Send so many commands, in one go."""
        asked = [FaultAskCommand(number=self._number + i, for_s=for_s) for i in range(count)]
        self._number += count
        self.keys += self.shared.send(*asked)

    @contextmanager
    def stream(self, *, every_s: float = 0.005, for_s: float = 0.001) -> Iterator[None]:
        """Send a command again and again; what the store did not acknowledge counts for nothing."""
        stop = Event()

        def run() -> None:
            while not stop.wait(every_s):
                try:
                    self.ask(for_s=for_s)
                except EngineError:
                    continue

        thread = Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(LIMIT_S)

    def leader(self, processes: list[ServiceProcess]) -> ServiceProcess | None:
        """Return the process among these that leads, by its own account; None if none does."""
        leading = (ServiceState.IDLE, ServiceState.BUSY)
        for process in processes:
            status = process.status()
            if status is not None and status.state in leading:
                return process
        return None

    def wait_until_handled(self) -> None:
        """Return once every record has its receipt."""

        def missing() -> int:
            return len(set(self.keys) - {receipt.key for receipt in self.receipts()})

        wait_for(lambda: not missing(), "every record to be handled", limit_s=LIMIT_S)

    def receipts(self) -> list[Receipt]:
        """Return all receipts, oldest first."""
        while more := self.shared.engine.read(RECEIPTS, after=self._read_to, limit=1000):
            self._receipts += [Receipt.from_entry(each) for each in more if each.type == RECEIPT]
            self._read_to = Cursor(more[-1].key)
        return self._receipts

    def account(self) -> Account:
        """Return what became of what was sent."""
        due = {(key, n) for key in self.keys for n in (1, 2, 3)}
        told = Counter((entry.cause, entry.n) for entry in self.shared.entries(FaultTellCommand))
        receipts = self.receipts()
        per_key = Counter(receipt.key for receipt in receipts)
        return Account(
            lost=sum(1 for each in due if each not in told),
            doubled=sum(count - 1 for count in told.values())
            + sum(1 for each in told if each not in due),
            redelivered=sum(receipt.redelivered for receipt in receipts),
            receipts={key: per_key[key] for key in self.keys if per_key[key] != 1},
            outcomes=dict(Counter(str(receipt.outcome) for receipt in receipts)),
        )


def kill_again_and_again(rig: FaultRig, kills: int, *, seed: int) -> None:
    """Kill whoever leads at random moments while commands stream in, another process standing by.

    Returns when every command has its receipt.
    """
    chance = random.Random(seed)  # noqa: S311 (moments, no secret)
    pause = Event()
    with ExitStack() as stack:

        def spawn() -> ServiceProcess:
            return stack.enter_context(rig.spawn())

        processes = [spawn(), spawn()]
        wait_for(lambda: rig.leader(processes), "the first leader", limit_s=LIMIT_S)
        with rig.stream():
            for _ in range(kills):
                victim = wait_for(
                    lambda: rig.leader(processes), "a leader", limit_s=LIMIT_S, every_s=0.02
                )
                assert victim is not None
                pause.wait(chance.uniform(0, LEASE_S * 1.5))
                victim.kill()
                processes.remove(victim)
                processes.append(spawn())
        rig.wait_until_handled()
