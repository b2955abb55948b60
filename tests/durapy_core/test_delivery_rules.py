"""Whatever happens to processes and store, a service answers each record once: played by chance."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from durapy_core import Command, Context, Service
from durapy_core.entry import Entry
from durapy_core.receipt import Outcome
from durapy_core.replica import ReplicaOptions
from durapy_core.testing import ServiceHarness
from tests.support.fickle_engine import FickleEngine
from tests.support.vocabulary import EchoCommand, HintCommand

PARTS: Final = 3
LEASE_S: Final = 0.02
PLACES = st.integers(0, PARTS)
"""Where in a handler something happens: before the send of that number, or at the end."""


class OnceCommand(Command, type="TEST_ONCE"):
    """Is never to be carried out twice."""

    text: str


class KilledError(BaseException):
    """Ends the process in the middle of a handler."""


class Rig(RuleBasedStateMachine):
    """A service that answers each hint with three echoes, while everything goes wrong.

    The promises: each hint has its echoes once and in order, nothing else is sent, each record has
    one receipt, none is handled after a later one was finished, and what may be carried out once
    only is carried out once at most, and is `interrupted` if a process died meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.once: list[str] = []
        self.carried_out: Counter[str] = Counter()
        self.at: dict[int, Callable[[], None]] = {}
        self.deaths = 0
        self.outages = 0
        service = Service("rig", sends=[EchoCommand])
        service.on(HintCommand)(self.answer)
        service.on(OnceCommand, redeliver=False)(self.carry_out)
        self.engine = FickleEngine()
        self.rig = ServiceHarness(
            service,
            engine=self.engine,
            raises=False,
            # Long enough for many records: what is finished is then often not committed.
            options=ReplicaOptions(lease_s=LEASE_S, commit_s=60),
        ).__enter__()

    def answer(self, command: HintCommand, ctx: Context) -> None:
        for part in range(PARTS - 1):
            self.happen(part)
            ctx.send(EchoCommand(text=f"{command.text}/{part}"))
        self.happen(PARTS - 1)
        ctx.send_many([EchoCommand(text=f"{command.text}/{PARTS - 1}")])
        self.happen(PARTS)

    def carry_out(self, command: OnceCommand, ctx: Context) -> None:
        self.happen(0)
        self.carried_out[command.text] += 1
        self.happen(PARTS)

    def happen(self, place: int) -> None:
        """Let happen what was planned for this place of a handler."""
        planned = self.at.pop(place, None)
        if planned:
            planned()

    @rule(count=st.integers(1, 4))
    def send(self, count: int) -> None:
        for _ in range(count):
            text = str(len(self.sent))
            self.sent.append(text)
            self.rig.send(HintCommand(text=text))

    @rule()
    def send_once(self) -> None:
        text = f"once {len(self.once)}"
        self.once.append(text)
        self.rig.send(OnceCommand(text=text))

    @rule(place=PLACES)
    def die_at(self, place: int) -> None:
        """The process is killed in a handler."""

        def die() -> None:
            self.deaths += 1
            raise KilledError

        self.at[place] = die

    @rule(place=PLACES)
    def freeze_at(self, place: int) -> None:
        """The process is frozen in a handler, another takes over and goes on; then it wakes up."""
        self.at[place] = self.let_another_take_over

    @rule(place=PLACES, calls=st.integers(0, 2))
    def lose_store_at(self, place: int, calls: int) -> None:
        """The store goes away in a handler, and comes back after so many calls that fail."""

        def leave() -> None:
            self.outages += 1
            self.engine.away, self.engine.back_after = True, calls

        self.at[place] = leave

    @precondition(lambda self: self.sent or self.once)
    @rule()
    def turn(self) -> None:
        self.until_dead(lambda: self.rig._replica.turn(0))

    @rule()
    def restart(self) -> None:
        self.until_dead(self.rig.restart)

    @rule()
    def crash(self) -> None:
        self.deaths += 1
        self.until_dead(self.rig.crash)

    @rule()
    def take_over(self) -> None:
        """The leader is frozen between records, and another takes over."""
        frozen = self.rig._replica
        self.let_another_take_over()
        assert frozen.turn(0) == 0  # it finds out, and stands by
        frozen.stop()
        frozen.shutdown()

    def let_another_take_over(self) -> None:
        self.deaths += 1
        self.at.clear()
        self.rig.crash()
        self.rig.run_until_idle()

    def until_dead(self, act: Callable[[], Any]) -> None:
        """Do something; a process that dies of it is followed by another one."""
        try:
            act()
        except KilledError:
            self.until_dead(self.rig.crash)

    @invariant()
    def nothing_is_doubled(self) -> None:
        echoes = Counter((entry.cause, entry.n) for entry in self.echoes())
        assert set(echoes.values()) <= {1}
        assert set(self.carried_out.values()) <= {1}

    def echoes(self) -> list[Entry]:
        self.engine.away = False
        return [entry for entry in self.rig.entries() if entry.type == "TEST_ECHO"]

    def teardown(self) -> None:
        self.at.clear()
        self.rig.run_until_idle()
        self.nothing_is_doubled()
        self.check_answers()
        self.check_receipts()
        self.rig.__exit__(None, None, None)
        self.engine.close()

    def check_answers(self) -> None:
        """Each hint has all its echoes, but where a receipt says why not."""
        failed = {each.key for each in self.rig.receipts() if each.outcome is Outcome.FAILED}
        given_up = {each.key for each in self.rig.receipts() if each.text == "crashed 3 times"}
        hints = {entry.key for entry in self.rig.entries() if entry.type == "TEST_HINT"}
        answers = {(entry.cause, entry.n) for entry in self.echoes()}
        asked = hints - failed - given_up
        assert not {(hint, n) for hint in asked for n in range(1, PARTS + 1)} - answers
        assert len(failed) <= self.outages
        assert len(given_up) <= self.deaths // 3

    def check_receipts(self) -> None:
        receipts = self.rig.receipts()
        asked = [e for e in self.rig.entries() if e.type in ("TEST_HINT", "TEST_ONCE")]
        assert Counter(receipt.key for receipt in receipts) == Counter(e.key for e in asked)
        assert [int(r.key) for r in receipts] == sorted(int(r.key) for r in receipts)


TestRig = Rig.TestCase
TestRig.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
