import pytest

from durapy_core.receipt import Outcome
from durapy_core.status import RecordName
from durapy_core.vitals import Vitals


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_handler_is_busy_after_a_second() -> None:
    clock = Clock()
    vitals = Vitals(clock)
    vitals.begin("7", lag_s=0.0)
    clock.now += 1.0
    assert vitals.busy() is None
    clock.now += 2.0
    assert vitals.busy() == ("7", 3.0)
    assert vitals.as_status()["busy_s"] == 3.0
    assert vitals.end() == 3.0
    assert vitals.busy() is None


def test_percentiles_are_of_the_last_minute() -> None:
    clock = Clock()
    vitals = Vitals(clock)
    for _ in range(100):
        vitals.begin("7", lag_s=0.0)
        clock.now += 0.5
        vitals.end()
    clock.now += 61
    assert vitals.as_status()["p50_s"] is None

    for number in range(100):
        vitals.begin("7", lag_s=0.0)
        clock.now += number / 1000
        vitals.end()

    status = vitals.as_status()
    assert round(status["p50_s"], 3) == 0.050
    assert round(status["p99_s"], 3) == 0.099


def test_the_window_is_bounded() -> None:
    vitals = Vitals()
    for _ in range(5000):
        vitals.begin("7", lag_s=0.0)
        vitals.end()

    assert len(vitals._took) == 2048


@pytest.mark.parametrize(
    ("outcome", "counter"),
    [
        *((Outcome.DONE, "handled"), (Outcome.FAILED, "failed"), (Outcome.INVALID, "invalid")),
        *((each, "skipped") for each in (Outcome.EXPIRED, Outcome.INTERRUPTED, Outcome.REFUSED)),
    ],
)
def test_a_record_is_counted_by_how_it_ended(outcome: Outcome, counter: str) -> None:
    vitals = Vitals()
    vitals.count(outcome, "1-0", "PING")

    counted = {
        name: vitals.as_status()[name] for name in ("handled", "failed", "invalid", "skipped")
    }
    assert counted == {"handled": 0, "failed": 0, "invalid": 0, "skipped": 0, counter: 1}


def test_only_what_went_wrong_is_kept_by_name() -> None:
    vitals = Vitals()
    for number, outcome in enumerate(Outcome):
        vitals.count(outcome, str(number), "PING")

    status = vitals.as_status()
    assert status["last_failed"] == RecordName(key="1", type="PING")
    assert status["last_invalid"] == RecordName(key="2", type="PING")
