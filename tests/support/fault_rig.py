"""A rig that is being hurt: a service that sends three records for each, and the count of all."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Final

from durapy_core.command import Command
from durapy_core.engines.base import RECEIPTS
from durapy_core.entry import START, Cursor
from durapy_core.errors import EngineError
from durapy_core.receipt import RECEIPT, Outcome, Receipt
from tests.support.service_process import ServiceProcess, Shared
from tests.support.waiting import wait_for

LEASE_S: Final = 0.6
LIMIT_S: Final = 120

TRIPLE: Final = """
import os, signal, threading
from durapy_core import Command, Context, Service

class AskCommand(Command, type="FAULT_ASK"):
    number: int
    for_s: float = 0.0
    freeze: bool = False
class FreshCommand(Command, type="FAULT_FRESH", max_age_s=60):
    pass
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
    if ask.freeze and not ctx.redelivered:
        os.kill(os.getpid(), signal.SIGSTOP)
    if ask.for_s:
        threading.Event().wait(ask.for_s)  # a sleep would be libfaketime's
    ctx.send_many([TellCommand(number=ask.number, part=part) for part in (2, 3)])

@service.on(FreshCommand)
def note(fresh: FreshCommand, ctx: Context) -> None:
    pass
"""

ACCOUNT: Final = "account"
"""The property of a test that says what became of its records."""


class FaultAskCommand(Command):
    """As the service knows it: -1 raises, -2 kills; `freeze` stops its process half-way."""

    number: int
    for_s: float = 0.0
    freeze: bool = False


class FaultFreshCommand(Command):
    """As the service knows it, which does not carry it out when it is older than a minute."""


class FaultTellCommand(Command):
    """As the service knows it."""

    number: int
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the records that were sent.

    Attributes:
        lost: acknowledged records that are gone, and missing answers of records that are `done`.
        doubled: records or answers that came twice, or were never due.
        redelivered: receipts of records that were handed over again.
        receipts: how many receipts there are of each record that has not exactly one.
        outcomes: how many records ended how.
        why: what the receipts say that are not `done`.
    """

    lost: int
    doubled: int
    redelivered: int
    receipts: dict[str, int]
    outcomes: dict[str, int]
    why: set[str]

    def __str__(self) -> str:
        """Return the count in one line."""
        ended = ", ".join(f"{count:,} {outcome}" for outcome, count in self.outcomes.items())
        return f"{self.lost} lost, {self.doubled} doubled; {ended}; {self.redelivered} redelivered"


class FaultRig:
    """The service `triple` on one store: started, killed and counted by a test.

    Attributes:
        keys: of the records that the store acknowledged.
        refusals: what a sender was told when the store did not take a record.
    """

    def __init__(self, shared: Shared, *, say: Callable[[str], None]) -> None:
        """Take the store, and what is told each account."""
        self.shared = shared
        self.keys: list[str] = []
        self.refusals: list[str] = []
        self._say = say
        self._number = 0
        self._unsure: set[int] = set()
        self._receipts: list[Receipt] = []
        self._read_to = START
        self._services = shared.folder / "fault_services"
        (self._services / "triple").mkdir(parents=True)
        (self._services / "triple" / "service.py").write_text(TRIPLE)

    def spawn(self, *, lease_s: float = LEASE_S, **environment: str) -> ServiceProcess:
        """Start the service without waiting for it."""
        variables = {"DURAPY_LEASE_S": str(lease_s), **environment}
        return ServiceProcess("triple", self.shared, self._services, variables)

    def ask(self, count: int = 1, *, for_s: float = 0.0, freeze: bool = False) -> None:
        """Send so many commands, in one go.

        Raises:
            EngineError: the store did not take them, or that is unknown; `refusals` has the error.
        """
        numbers = range(self._number, self._number + count)
        self._number += count
        asked = [FaultAskCommand(number=each, for_s=for_s, freeze=freeze) for each in numbers]
        try:
            self.keys += self.shared.send(*asked)
        except EngineError as error:
            self._unsure |= {*numbers}
            self.refusals.append(str(error))
            raise

    @contextmanager
    def stream(self, *, every_s: float = 0.005, for_s: float = 0.001) -> Iterator[None]:
        """Send a command again and again; what the store did not take goes to `refusals`."""
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
        return next((process for process in processes if process.leads()), None)

    def wait_until_handled(self) -> None:
        """Return once every record has its receipt; fail the test at once if any is gone."""
        self._settle()
        gone = set(self.keys) - set(self._asked())
        assert not gone, f"acknowledged, and not in the log any more: {sorted(gone)}"

        def unhandled() -> set[str]:
            return set(self.keys) - {receipt.key for receipt in self.receipts()}

        wait_for(lambda: not unhandled(), "every record to be handled", limit_s=LIMIT_S)

    def receipts(self) -> list[Receipt]:
        """Return all receipts, oldest first."""
        while more := self.shared.engine.read(RECEIPTS, after=self._read_to, limit=1000):
            self._receipts += [Receipt.from_entry(each) for each in more if each.type == RECEIPT]
            self._read_to = Cursor(more[-1].key)
        return self._receipts

    def account(self) -> Account:
        """Return what became of what was sent, and say it."""
        self._settle()
        receipts = self.receipts()
        excused = {receipt.key for receipt in receipts if receipt.outcome is not Outcome.DONE}
        asked = self._asked()
        due = {(key, n) for key in self.keys for n in (1, 2, 3)}
        told = Counter((entry.cause, entry.n) for entry in self.shared.entries(FaultTellCommand))
        per_key = Counter(receipt.key for receipt in receipts)
        account = Account(
            lost=len(set(self.keys) - set(asked))
            + sum(1 for each in due if each not in told and each[0] not in excused),
            doubled=_more_than_once(Counter(asked.values()))
            + _more_than_once(told)
            + sum(1 for each in told if each not in due),
            redelivered=sum(receipt.redelivered for receipt in receipts),
            receipts={key: per_key[key] for key in self.keys if per_key[key] != 1},
            outcomes=dict(Counter(str(receipt.outcome) for receipt in receipts)),
            why={receipt.text for receipt in receipts if receipt.text},
        )
        self._say(str(account))
        return account

    def _settle(self) -> None:
        """Take what was stored although its sender was told that this is unknown."""
        found = {number: key for key, number in self._asked().items()} if self._unsure else {}
        self.keys += [found[number] for number in self._unsure & set(found)]
        self._unsure -= set(found)

    def _asked(self) -> dict[str, int]:
        """Return the key and number of each record in the log, but for those that do harm."""
        entries = self.shared.entries(FaultAskCommand)
        numbers = {entry.key: json.loads(entry.body or "")["number"] for entry in entries}
        return {key: number for key, number in numbers.items() if number >= 0}


def _more_than_once(counts: Counter[Any]) -> int:
    return sum(count - 1 for count in counts.values())


def kill_again_and_again(rig: FaultRig, kills: int, *, seed: int) -> None:
    """Kill whoever leads at random moments while commands stream in, another process standing by.

    Every second leader is killed sooner after it began to lead than a lease lasts, the others
    later. Returns when every command has its receipt.
    """
    chance = random.Random(seed)  # noqa: S311 (moments, no secret)
    pause = Event()
    with ExitStack() as stack:

        def spawn() -> ServiceProcess:
            return stack.enter_context(rig.spawn())

        processes = [spawn(), spawn()]
        wait_for(lambda: rig.leader(processes), "the first leader", limit_s=LIMIT_S)
        with rig.stream():
            for kill in range(kills):
                victim = wait_for(
                    lambda: rig.leader(processes), "a leader", limit_s=LIMIT_S, every_s=0.02
                )
                assert victim is not None
                pause.wait(LEASE_S * (chance.random() if kill % 2 else chance.uniform(1, 1.3)))
                victim.kill()
                processes.remove(victim)
                processes.append(spawn())
        rig.wait_until_handled()
