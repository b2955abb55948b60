"""Whatever happens to its processes, a service answers each record once: played by chance."""

from collections import Counter
from collections.abc import Callable  # noqa: TC003 (one rule for all files: no type-checking blocks)

from hypothesis import given, settings
from hypothesis import strategies as st

from durapy_core import Context, Service
from durapy_core.replica import ReplicaOptions
from durapy_core.testing import ServiceHarness
from tests.support.vocabulary import EchoCommand, HintCommand

PARTS = 3


class KilledError(BaseException):
    """Ends the process in the middle of a handler."""


class Play:
    """A service that answers each hint with three echoes, and is hurt where it is told to be.

    Attributes:
        die_at: at which place of a handler its process is killed.
        freeze_at: at which place it is frozen until another process has taken over and gone on.
    """

    def __init__(self) -> None:
        self.service = Service("rig", sends=[EchoCommand])
        self.die_at: int | None = None
        self.freeze_at: int | None = None
        self.let_another_take_over: Callable[[], None] = lambda: None
        self.calls: Counter[str] = Counter()
        self.service.on(HintCommand)(self.answer)
        self.service.on(EchoCommand, redeliver=False)(self.hear)

    def answer(self, command: HintCommand, ctx: Context) -> None:
        for part in range(PARTS):
            self.die(part)
            ctx.send(EchoCommand(text=f"{command.text}/{part}"))
        self.die(PARTS)

    def hear(self, command: EchoCommand, _ctx: Context) -> None:
        self.calls[command.text] += 1
        self.die(PARTS + 1)

    def die(self, place: int) -> None:
        if self.freeze_at == place:
            self.freeze_at = None
            self.let_another_take_over()
        if self.die_at == place:
            self.die_at = None
            raise KilledError


ACTIONS = st.lists(
    st.one_of(
        st.just(("send", 0)),
        st.just(("turn", 0)),
        st.just(("restart", 0)),
        st.just(("crash", 0)),
        st.tuples(st.just("die"), st.integers(0, PARTS + 1)),
        st.tuples(st.just("freeze"), st.integers(0, PARTS + 1)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_each_record_is_answered_once_whatever_happens(actions: list[tuple[str, int]]) -> None:
    play, sent = Play(), list[str]()
    # What a superseded handler tries to send raises, as it should; what counts is the log.
    options = ReplicaOptions(lease_s=0.02)
    with ServiceHarness(play.service, options=options, raises=False) as rig:
        play.let_another_take_over = lambda: take_over(rig)
        for action, place in actions:
            match action:
                case "send":
                    rig.send(HintCommand(text=str(len(sent))))
                    sent.append(str(len(sent)))
                case "turn":
                    run(rig)
                case "restart":
                    rig.restart()
                case "crash":
                    rig.crash()
                case "freeze":
                    play.freeze_at = place
                case _:
                    play.die_at = place
        play.die_at = play.freeze_at = None
        run(rig)
        run(rig)

        # What ended three processes in a row is passed over, with what it had sent.
        given_up = {each.key for each in rig.receipts() if each.text == "crashed 3 times"}
        asked = [hint for hint in rig.records(HintCommand) if hint.key not in given_up]
        echoes = [each.entry for each in rig.records(EchoCommand)]
        answers = [(each.cause, each.n) for each in echoes if each.cause not in given_up]
        harms = sum(action in ("crash", "die", "freeze") for action, _ in actions)
        assert len(given_up) <= harms // 3
        assert answers == [(hint.key, part + 1) for hint in asked for part in range(PARTS)]
        assert len({(each.cause, each.n) for each in echoes}) == len(echoes)
        receipts = Counter(receipt.key for receipt in rig.receipts())
        assert set(receipts) == {entry.key for entry in rig.entries()}
        assert set(receipts.values()) <= {1}
        assert set(play.calls.values()) <= {1}


def run(rig: ServiceHarness) -> None:
    """Run to the end; a process that dies on the way is followed by another one."""
    while True:
        try:
            rig.run_until_idle()
        except KilledError:
            rig.crash()
        else:
            return


def take_over(rig: ServiceHarness) -> None:
    """Let another process take over while a handler of the present one is under way."""
    rig.crash()
    run(rig)
