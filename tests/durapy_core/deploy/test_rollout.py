"""A rollout against replicas in memory: what is left, whatever goes wrong and whoever dies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durapy_core.deploy.pace import Limits
from durapy_core.deploy.rollout import Rollout
from durapy_core.errors import DeployError, RolloutFailedError
from tests.support.rollout_rig import DiedError, Fate, MemoryRollouts, Process, TestClock

LIMITS = Limits(start_s=20, switch_s=10, watch_s=5, back_s=10)


class Told:
    """The steps of a rollout, each once, and its lines."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.lines: list[str] = []
        self.messages: list[str] = []

    def __call__(self, step: str, message: str, lines: Sequence[str] = ()) -> None:
        if self.steps[-1:] != [step]:
            self.steps.append(step)
        self.messages.append(message)
        self.lines += lines


def make(manager: MemoryRollouts, told: Told, cancel_at_s: float = 1e9) -> Rollout:
    return Rollout(
        manager,
        manager.hear,
        told,
        cancelled=lambda: "cancelled" if manager.clock.now_s() >= cancel_at_s else None,
        limits=LIMITS,
        clock=manager.clock,
    )


def test_a_good_rollout_starts_beside_switches_watches_and_lets_the_old_one_go() -> None:
    manager, told = MemoryRollouts(TestClock()), Told()

    said = make(manager, told).run("camera", "main", key="k")

    assert said == "camera runs ccccccc"
    assert told.steps == ["resolve", "build", "start", "standby", "switch", "watch", "done"]
    assert (manager.old, manager.running()) == (None, ["new"])


def test_a_service_that_asks_for_it_ends_before_the_new_one_starts() -> None:
    manager, told = MemoryRollouts(TestClock(), way="stop_first"), Told()

    make(manager, told).run("camera", "main", key="k")

    assert told.steps == ["resolve", "build", "switch", "start", "watch", "done"]
    assert manager.running() == ["new"]


def test_a_service_without_a_status_is_judged_by_its_health_check() -> None:
    manager = MemoryRollouts(TestClock(), speaks=False, fate="never_healthy")

    with pytest.raises(RolloutFailedError, match=r"was not ready within 20 s; .* never touched"):
        make(manager, Told()).run("camera", "main", key="k")

    manager.fate = "good"
    make(manager, Told()).run("camera", "main", key="k")
    assert manager.running() == ["new"]


@pytest.mark.parametrize(
    ("fate", "after_s", "why"),
    [
        ("ends", 0.0, r"ended with exit code 3; the old one was never touched"),
        ("ends", 2.0, r"ended with exit code 3; the old one runs again"),
        ("never_ready", 0.0, r"was not ready within 20 s.*never touched"),
        ("never_healthy", 0.0, r"did not stay well within 25 s.*runs again"),
        ("turns_ill", 2.0, r"is unhealthy: no; the old one runs again"),
        ("removed", 2.0, r"has vanished; the old one runs again"),
        ("fault", 0.0, r"reports a fault: valve; the old one runs again"),
    ],
)
def test_after_a_failure_the_old_one_runs_and_the_reason_is_told(
    fate: Fate, after_s: float, why: str
) -> None:
    manager, told = MemoryRollouts(TestClock(), fate=fate, after_s=after_s), Told()

    with pytest.raises(RolloutFailedError, match=why):
        make(manager, told).run("camera", "main", key="k")

    assert told.steps[-1] == "undone"
    assert "No module named 'numpy'" in told.lines[-1]
    assert (manager.new, manager.running()) == (None, ["old"])


def test_a_failed_build_touches_nothing() -> None:
    manager, told = MemoryRollouts(TestClock(), fate="build_fails"), Told()

    with pytest.raises(DeployError, match="cannot be built"):
        make(manager, told).run("camera", "main", key="k")

    assert told.steps == ["resolve", "build"]
    assert manager.running() == ["old"]


def test_a_service_that_did_not_run_does_not_run_after_a_failure_either() -> None:
    manager = MemoryRollouts(TestClock(), fate="ends", old=Process("old"))

    with pytest.raises(RolloutFailedError):
        make(manager, Told()).run("camera", "main", key="k")

    assert manager.running() == []
    assert manager.old is not None


def test_an_old_one_that_was_told_to_end_before_a_death_is_started_again_after_its_end() -> None:
    manager, told = MemoryRollouts(TestClock(), ending_s=8.0), Told()
    manager.dies_at = 8  # the old one has been told to end, and has not ended

    with pytest.raises(DiedError):
        make(manager, told).run("camera", "main", key="k")
    assert (told.steps[-1], manager.running()) == ("switch", ["old", "new"])
    assert manager.new is not None
    manager.new.fate = "never_ready"
    with pytest.raises(RolloutFailedError, match="the old one runs again"):
        make(manager, told).resume(manager.pairs()[0][0], switched=True)
    manager.clock.wait(60)

    assert manager.pairs() == []
    assert manager.running() == ["old"]


def test_an_old_one_that_was_never_told_to_end_is_not_started_anew() -> None:
    manager, told = MemoryRollouts(TestClock(), fate="never_ready"), Told()
    manager.dies_at = 6  # the new one was started

    with pytest.raises(DiedError):
        make(manager, told).run("camera", "main", key="k")
    with pytest.raises(RolloutFailedError):
        make(manager, told).resume(manager.pairs()[0][0], switched="switch" in told.steps)

    assert manager.old is not None
    assert manager.old.started_s == -100.0


def test_an_old_one_that_does_not_lead_in_time_is_told() -> None:
    manager, told = MemoryRollouts(TestClock(), fate="fault"), Told()
    assert manager.old is not None
    manager.old.fate = "never_ready"

    with pytest.raises(RolloutFailedError, match="was started again, but does not lead yet"):
        make(manager, told).run("camera", "main", key="k")

    assert manager.running() == ["old"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A rollout, and what goes wrong in it."""

    fate: Fate
    after_s: float
    beside: bool
    speaks: bool
    ran: bool
    cancel_at_s: float
    ending_s: float
    deaths: list[int]


CASES = st.builds(
    Case,
    fate=st.sampled_from(get_args(Fate)),
    after_s=st.floats(0, 8),
    beside=st.booleans(),
    speaks=st.booleans(),
    ran=st.booleans(),
    cancel_at_s=st.one_of(st.just(1e9), st.floats(0, 12)),
    ending_s=st.floats(0, 20),
    deaths=st.lists(st.integers(1, 20), max_size=3),
)


@given(CASES)
def test_whatever_fails_and_whoever_dies_one_replica_is_left_and_runs(case: Case) -> None:
    manager = MemoryRollouts(
        TestClock(),
        fate=case.fate,
        after_s=case.after_s,
        beside=case.beside,
        speaks=case.speaks,
        ending_s=case.ending_s,
        old=Process("old", started_s=-100.0 if case.ran else None),
    )

    failed = rolled_out_or_resumed(manager, case)
    manager.clock.wait(60)  # whatever was told to end has ended

    left = [p for p in (manager.old, manager.new) if p is not None]
    assert len(left) == 1, "one of the two is left"
    assert manager.pairs() == []
    if manager.old is not None:
        assert manager.running() == (["old"] if case.ran else [])
        assert failed or case.deaths
    else:
        unheard = not case.speaks and case.fate in ("never_ready", "fault")
        later = case.fate in ("ends", "turns_ill", "removed") and case.after_s > LIMITS.watch_s - 1
        assert case.fate == "good" or unheard or later
        assert manager.running() == ["new"] or later


def rolled_out_or_resumed(manager: MemoryRollouts, case: Case) -> bool:
    """Roll out, and after each death resume, as the next start does; return whether it failed."""
    told = Told()  # the log outlives every death
    for attempt, dies_at in enumerate([*case.deaths, None]):
        manager.calls, manager.dies_at = 0, dies_at
        try:
            if attempt == 0:
                make(manager, told, case.cancel_at_s).run("camera", "main", key="k")
            for pair, _ in manager.pairs():
                make(manager, told).resume(pair, switched="switch" in told.steps)
        except DiedError:
            continue
        except DeployError:
            return True
        if not manager.pairs():
            return False
    raise AssertionError("a pair was left")
