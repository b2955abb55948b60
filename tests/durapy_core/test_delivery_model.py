"""Whatever happens to its processes, a service answers each record once: played by chance."""

from collections import Counter

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
    """A service that answers each hint with three echoes, and dies where it is told to."""

    def __init__(self) -> None:
        self.service = Service("rig", sends=[EchoCommand])
        self.die_at: int | None = None
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
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_each_record_is_answered_once_whatever_happens(actions: list[tuple[str, int]]) -> None:
    play, sent = Play(), list[str]()
    with ServiceHarness(play.service, options=ReplicaOptions(lease_s=0.02)) as rig:
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
                case _:
                    play.die_at = place
        play.die_at = None
        run(rig)
        run(rig)

        echoes = [echo.text for echo in rig.commands(EchoCommand)]
        assert echoes == [f"{text}/{part}" for text in sent for part in range(PARTS)]
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
