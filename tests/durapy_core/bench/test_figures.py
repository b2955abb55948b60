from durapy_core.bench.figures import Figure, make_figures, percentile
from durapy_core.bench.plan import BARE, CLIENT, MEASURES, Cpu, Side, make_plan
from durapy_core.bench.roles import paced
from durapy_core.bench.team import Played

OURS = Side(name="DuraPy", kind="durapy", commit_ms=5)


def played(*times_s: float, commands: int = 4, span_s: float = 1.0, cpu_s: float = 1.0) -> Played:
    return Played(
        times_s=list(times_s), commands=commands, span_s=span_s, cpu_s=cpu_s, store_cpu_s=None
    )


def figures(ours: list[Played], bare: list[Played], *, by: str = "round-trip") -> list[Figure]:
    measure = next(each for each in MEASURES if each.name == by)
    return make_figures(
        measure, {OURS: ours, BARE: bare}, where=("a store", "any"), load_average=0.5
    )


def test_a_ratio_compares_the_turns_of_one_round_and_not_the_sums() -> None:
    ours = [played(2.0), played(40.0), played(3.0)]  # the second round met a busy computer
    bare = [played(1.0), played(20.0), played(2.0)]

    mine, its = figures(ours, bare)

    assert mine.ratio is not None
    assert (mine.ratio.low, mine.ratio.middle, mine.ratio.high) == (1.5, 2.0, 2.0)
    assert its.ratio is None


def test_throughput_is_compared_by_commands_per_second() -> None:
    mine, its = figures([played(9.0, span_s=2.0)], [played(1.0, span_s=1.0)], by="batched")

    assert (mine.per_s, its.per_s) == (2.0, 4.0)
    assert mine.ratio is not None
    assert mine.ratio.middle == 0.5


def test_cpu_time_is_told_for_one_command_and_beside_that_of_the_bare_connection() -> None:
    mine, its = figures([played(1.0, cpu_s=6e-4)], [played(1.0, cpu_s=4e-4)])

    assert (mine.cpu_us, its.cpu_us) == (150.0, 100.0)
    assert mine.cpu_ratio is not None
    assert round(mine.cpu_ratio.middle, 6) == 1.5
    assert mine.store_cpu_us is None


def test_a_percentile_is_a_time_that_was_measured() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 3.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 99.9) == 4.0
    assert percentile([7.0], 1) == 7.0


def test_a_paced_turn_counts_down_to_zero_whatever_the_batch() -> None:
    assert [list(batch) for batch in paced(5, 2, 0.0)] == [[4, 3], [2, 1], [0]]
    assert [list(batch) for batch in paced(2, 1, 0.0)] == [[1], [0]]


def test_a_paced_turn_waits_until_each_batch_is_due() -> None:
    waits: list[float] = []

    assert len(list(paced(3, 1, 10.0, sleep=waits.append))) == 3

    assert len(waits) == 2  # the first is due at once
    assert all(9 < wait_s <= 20 for wait_s in waits)


def test_rivals_play_on_redis_only() -> None:
    plan = make_plan((), quick=True, rounds=None, cpu=Cpu.ANY, commit_ms=(5.0, 0.0))

    on_redis = plan.sides(plan.measures[0], on_redis=True)
    on_sqlite = plan.sides(plan.measures[0], on_redis=False)

    assert [side.name for side in on_sqlite] == ["DuraPy", "DuraPy, commit_ms=0"]
    assert on_redis == [*on_sqlite, BARE, CLIENT]


def test_what_is_not_asked_for_is_not_measured() -> None:
    plan = make_plan(("fan-out",), quick=False, rounds=3, cpu=Cpu.BOTH, commit_ms=(5.0,))

    assert [measure.name for measure in plan.measures] == ["fan-out"]
    assert plan.recovery == 0
    assert plan.rounds == 3
    assert plan.cpu.cases == (Cpu.ANY, Cpu.ONE)
