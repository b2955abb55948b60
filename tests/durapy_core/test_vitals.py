from durapy_core.entry import Entry
from durapy_core.vitals import Vitals

ENTRY = Entry(key="7", sent_at_s=0.0, type="X", body="{}")


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_handler_is_busy_after_a_second() -> None:
    clock = Clock()
    vitals = Vitals(clock)
    vitals.begin(ENTRY)
    clock.now += 1.0
    assert vitals.busy() is None
    clock.now += 2.0
    assert vitals.busy() == ("7", 3.0)
    assert vitals.as_status()["busy_s"] == 3.0
    assert vitals.end(well=True) == 3.0
    assert vitals.busy() is None


def test_percentiles_are_of_the_last_minute() -> None:
    clock = Clock()
    vitals = Vitals(clock)
    for _ in range(100):
        vitals.begin(ENTRY)
        clock.now += 0.5
        vitals.end(well=True)
    clock.now += 61
    assert vitals.as_status()["p50_s"] is None

    for number in range(100):
        vitals.begin(ENTRY)
        clock.now += number / 1000
        vitals.end(well=True)

    status = vitals.as_status()
    assert round(status["p50_s"], 3) == 0.050
    assert round(status["p99_s"], 3) == 0.099


def test_the_window_is_bounded() -> None:
    vitals = Vitals()
    for _ in range(5000):
        vitals.begin(ENTRY)
        vitals.end(well=False)

    assert len(vitals._took) == 2048
    assert vitals.as_status()["failed"] == 5000
    assert vitals.as_status()["handled"] == 0
