from hypothesis import given
from hypothesis import strategies as st

from durapy_core.deploy.backoff import FIRST_S, LONGEST_S, STEADY_S, Backoff


def test_waits_double_from_half_a_second_to_half_a_minute() -> None:
    backoff = Backoff()

    waits = [backoff.next_wait_s(lived_s=0.1) for _ in range(9)]

    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_long_life_counts_as_the_first_crash_again() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.next_wait_s(lived_s=0.1)

    assert backoff.next_wait_s(lived_s=STEADY_S) == FIRST_S
    assert backoff.crashes == 1


def test_a_reset_forgets_earlier_crashes() -> None:
    backoff = Backoff()
    backoff.next_wait_s(lived_s=0)

    backoff.reset()

    assert backoff.next_wait_s(lived_s=0) == FIRST_S


@given(st.lists(st.floats(0, 1000), max_size=2000))
def test_a_wait_never_leaves_its_bounds(lives: list[float]) -> None:
    backoff = Backoff()

    waits = [backoff.next_wait_s(lived_s=lived) for lived in lives]

    assert all(FIRST_S <= wait <= LONGEST_S for wait in waits)
