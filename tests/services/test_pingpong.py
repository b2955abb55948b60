"""The pinger and the ponger, each on its own and together."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from durapy_core import DurapyError
from durapy_core.engines.memory import MemoryEngine
from durapy_core.testing import ServiceHarness
from services.commands import (
    EndSessionCommand,
    InitiateSessionCommand,
    PingCommand,
    PongCommand,
)
from services.pinger.service import Pinger
from services.pinger.service import service as pinger
from services.ponger.service import service as ponger
from tests.support.fickle_engine import FickleEngine
from tests.support.log_lines import logged

LIMIT_S = 10
SEVERE = ("WARNING", "ERROR", "CRITICAL")


@pytest.fixture(autouse=True)
def period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one ping be all that comes by itself, unless a test asks for more."""
    monkeypatch.setenv("DURAPY_PING_PERIOD_S", "3600")


@contextmanager
def pinging(prefix: str = "k") -> Iterator[ServiceHarness]:
    """Run the pinger until its first ping is on the log."""
    with ServiceHarness(pinger) as rig:
        rig.send(InitiateSessionCommand(prefix=prefix))
        rig.run_until(lambda: bool(rig.commands(PingCommand)))
        yield rig


def test_the_ponger_answers_pings_of_the_sessions_prefix_with_the_key_reversed() -> None:
    with ServiceHarness(ponger) as rig:
        rig.send(PingCommand(key="k0"))
        rig.send(InitiateSessionCommand(prefix="k"))
        rig.send(PingCommand(key="k1"))
        rig.send(PingCommand(key="other"))
        rig.send(PingCommand(key="kü😀"))
        rig.send(EndSessionCommand())
        rig.send(PingCommand(key="k2"))
        rig.run_until_idle()

        assert rig.commands(PongCommand) == [
            PongCommand(input_key="k1", output_key="1k"),
            PongCommand(input_key="kü😀", output_key="😀ük"),
        ]


def test_a_restarted_ponger_answers_what_came_meanwhile_once() -> None:
    with ServiceHarness(ponger) as rig:
        rig.send(InitiateSessionCommand(prefix="k"))
        rig.send(PingCommand(key="k1"))
        rig.run_until_idle()
        for number in range(2, 7):
            rig.send(PingCommand(key=f"k{number}"))
        rig.restart()
        rig.run_until_idle()

        answered = [pong.input_key for pong in rig.commands(PongCommand)]
        assert answered == [f"k{number}" for number in range(1, 7)]


def test_the_pinger_pings_at_once_with_keys_of_the_sessions_prefix() -> None:
    with pinging("mouse") as rig:
        pings = rig.records(PingCommand)

        assert len(pings) == 1
        assert pings[0].entry.sender == "pinger"
        assert pings[0].entry.n is None
        assert rig.commands(PingCommand)[0].key.startswith("mouse")


def test_the_pinger_goes_on_pinging_with_keys_that_never_repeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DURAPY_PING_PERIOD_S", "0.001")
    with pinging() as rig:
        rig.run_until(lambda: len(rig.commands(PingCommand)) > 20)
        rig.restart()
        rig.run_until(lambda: len(rig.commands(PingCommand)) > 60)

        keys = [ping.key for ping in rig.commands(PingCommand)]
        assert len(set(keys)) == len(keys)


def test_the_pinger_measures_right_pongs_and_says_so_at_the_end() -> None:
    with pinging() as rig, logged() as lines:
        key = rig.commands(PingCommand)[0].key
        rig.send(PongCommand(input_key=key, output_key=key[::-1]), sender="ponger")
        rig.send(EndSessionCommand())
        rig.run_until_idle()

        summary = next(line for line in lines if line["level"].name == "INFO")
        assert (summary["extra"]["answered"], summary["extra"]["unanswered"]) == (1, 0)
        assert summary["extra"]["median_ms"] > 0
        assert not [line for line in lines if line["level"].name in SEVERE]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"output_key": "not reversed"}, "wrong pong"),
        ({"input_key": "never sent", "output_key": "tnes reven"}, "unsolicited pong"),
    ],
)
def test_the_pinger_warns_of_a_wrong_or_unsolicited_pong(change: dict[str, str], said: str) -> None:
    with pinging() as rig, logged() as lines:
        key = rig.commands(PingCommand)[0].key
        rig.send(PongCommand(**{"input_key": key, "output_key": key[::-1], **change}))
        rig.run_until_idle()

        assert [line["message"] for line in lines if line["level"].name in SEVERE] == [said]


def test_the_pinger_warns_of_a_second_pong_to_one_ping() -> None:
    with pinging() as rig, logged() as lines:
        key = rig.commands(PingCommand)[0].key
        for _ in range(2):
            rig.send(PongCommand(input_key=key, output_key=key[::-1]))
        rig.run_until_idle()

        warned = [line["message"] for line in lines if line["level"].name in SEVERE]
        assert warned == ["unsolicited pong"]


def test_after_a_restart_pongs_to_earlier_pings_are_no_reason_to_warn() -> None:
    with pinging() as rig, logged() as lines:
        key = rig.commands(PingCommand)[0].key
        rig.restart()
        rig.send(PongCommand(input_key=key, output_key=key[::-1]))
        rig.run_until_idle()

        assert not [line for line in lines if line["level"].name in SEVERE]


def test_the_pinger_goes_on_after_the_store_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURAPY_PING_PERIOD_S", "0.001")
    engine = FickleEngine()
    with ServiceHarness(pinger, engine=engine) as rig:
        rig.send(InitiateSessionCommand())
        rig.run_until_idle()
        engine.away = True
        assert engine.refused.wait(LIMIT_S)
        engine.away = False
        count = len(rig.commands(PingCommand))
        rig.run_until(lambda: len(rig.commands(PingCommand)) > count)


def test_nothing_is_pinged_after_the_session() -> None:
    with pinging() as rig:
        rig.send(EndSessionCommand())
        rig.run_until_idle()
        count = len(rig.commands(PingCommand))
        rig.send(PongCommand(input_key="late", output_key="etal"))
        rig.run_until_idle()

        assert len(rig.commands(PingCommand)) == count
        assert not rig.in_session


def test_a_wrong_period_keeps_the_pinger_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURAPY_PING_PERIOD_S", "soon")

    with pytest.raises(DurapyError, match="DURAPY_PING_PERIOD_S=soon is not usable"):
        ServiceHarness(pinger).__enter__()


def test_together_they_play_a_whole_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURAPY_PING_PERIOD_S", "0.001")
    engine = MemoryEngine()
    with (
        ServiceHarness(pinger, engine=engine) as left,
        ServiceHarness(ponger, engine=engine) as right,
        logged() as lines,
    ):
        left.send(InitiateSessionCommand(prefix="k"))
        while len(left.commands(PongCommand)) < 20:
            right.run_until_idle()
            left.run_until_idle()
        end = left.send(EndSessionCommand())
        left.run_until_idle()
        right.run_until_idle()

        keys, pongs = [entry.key for entry in left.entries()], left.commands(PongCommand)
        in_session = set(keys[: keys.index(end.key)])  # the pinger sends until it hears of the end
        sent = zip(left.records(PingCommand), left.commands(PingCommand), strict=True)
        due = [ping.key for record, ping in sent if record.key in in_session]
        assert [pong.input_key for pong in pongs] == due
        assert all(pong.output_key == pong.input_key[::-1] for pong in pongs)
        assert not [line for line in lines if line["level"].name in SEVERE]


def test_the_pinger_is_built_anew_for_each_session() -> None:
    with pinging("a") as rig:
        first = rig.controller(Pinger)
        rig.send(EndSessionCommand())
        rig.send(InitiateSessionCommand(prefix="b"))
        rig.run_until(lambda: len(rig.commands(PingCommand)) == 2)

        assert rig.controller(Pinger) is not first
        assert rig.commands(PingCommand)[1].key.startswith("b")
