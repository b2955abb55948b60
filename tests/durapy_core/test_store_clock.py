"""The store's clock as a process knows it, with clocks that the test moves."""

import pytest
from loguru import logger

from durapy_core.store_clock import StoreClock, boottime_s
from tests.support.log_lines import logged

NOW_S = 1_800_000_000.0


class Clocks:
    """The store's clock, this computer's, and the one that nobody can set."""

    def __init__(self) -> None:
        self.own_s = 1000.0
        self.wall_s = NOW_S
        self.store_s = NOW_S
        self.clock = StoreClock(logger, own_s=lambda: self.own_s, wall_s=lambda: self.wall_s)

    def go_on(self, seconds: float) -> None:
        self.own_s += seconds
        self.wall_s += seconds
        self.store_s += seconds

    def sample(self, *, took_s: float = 0.0) -> None:
        asked_s = self.own_s
        self.go_on(took_s / 2)
        answer_s = self.store_s
        self.go_on(took_s / 2)
        self.clock.sample(answer_s, asked_s=asked_s)


@pytest.fixture
def clocks() -> Clocks:
    clocks = Clocks()
    clocks.sample()
    return clocks


def test_the_stores_time_is_advanced_by_a_clock_that_nobody_sets(clocks: Clocks) -> None:
    clocks.go_on(0.7)
    clocks.wall_s -= 3600

    assert clocks.clock.now_s() == pytest.approx(clocks.store_s)


def test_measuring_asks_and_takes_the_time_that_it_took_into_account(clocks: Clocks) -> None:
    def answer_in_the_middle() -> float:
        clocks.go_on(0.04)
        answer_s = clocks.store_s + 0.5
        clocks.go_on(0.04)
        return answer_s

    clocks.clock.measure(answer_in_the_middle)

    assert clocks.clock.offset_s == pytest.approx(0.5)
    assert clocks.clock.is_far


def test_before_the_first_sample_it_is_this_computers() -> None:
    assert Clocks().clock.now_s() == NOW_S
    assert Clocks().clock.offset_s is None


def test_the_offset_is_told_as_if_the_answer_came_half_way() -> None:
    clocks = Clocks()
    clocks.store_s += 0.25
    clocks.sample(took_s=0.05)

    assert clocks.clock.offset_s == pytest.approx(0.25)
    assert clocks.clock.now_s() == pytest.approx(clocks.store_s)


def test_a_slow_answer_is_not_believed_over_what_is_known(clocks: Clocks) -> None:
    asked_s = clocks.own_s
    clocks.go_on(0.5)
    clocks.clock.sample(clocks.store_s, asked_s=asked_s)

    assert clocks.clock.now_s() == pytest.approx(clocks.store_s)
    assert clocks.clock.steps == 0


def test_an_offset_above_5_ms_is_warned_of_once_for_each_change(clocks: Clocks) -> None:
    with logged() as lines:
        for offset_s in (0.004, 0.02, 0.02, 0.021, 0.0, 0.02, 0.04):
            clocks.store_s = clocks.wall_s + offset_s
            clocks.sample()

    told = [line["extra"]["offset_ms"] for line in lines]
    assert told == [20.0, 20.0, 40.0]


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 1.5])
def test_a_jump_of_the_stores_clock_is_recorded(clocks: Clocks, by_s: float) -> None:
    clocks.store_s += by_s
    clocks.go_on(1.0)
    with logged() as lines:
        clocks.sample()
        clocks.go_on(1.0)
        clocks.sample()

    assert clocks.clock.steps == 1
    assert any("jumped" in line["message"] for line in lines)
    assert clocks.clock.now_s() == pytest.approx(clocks.store_s)


def test_after_a_jump_backwards_ages_are_told_again_when_keys_and_time_agree(
    clocks: Clocks,
) -> None:
    last_key_s = clocks.store_s
    clocks.store_s -= 3600
    clocks.sample()

    assert not clocks.clock.agrees(last_key_s)
    clocks.go_on(3600)
    assert clocks.clock.agrees(clocks.store_s)
    assert clocks.clock.agrees(last_key_s)


def test_after_a_jump_forwards_ages_are_told_again_of_what_is_sent_afterwards(
    clocks: Clocks,
) -> None:
    before_s = clocks.store_s
    clocks.store_s += 3600
    clocks.sample()

    assert not clocks.clock.agrees(before_s)
    clocks.go_on(0.1)
    assert clocks.clock.agrees(clocks.store_s)
    assert clocks.clock.agrees(before_s)


def test_a_jump_that_was_not_sampled_yet_is_seen_in_the_key(clocks: Clocks) -> None:
    clocks.store_s += 3600

    assert not clocks.clock.agrees(clocks.store_s)


def test_the_clock_that_nobody_sets_goes_on() -> None:
    first = boottime_s()

    assert boottime_s() >= first
