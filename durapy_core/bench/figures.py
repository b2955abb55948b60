"""From the turns of all sides to the figures that are shown. Pure arithmetic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from durapy_core.bench.plan import Measure, Side
from durapy_core.bench.team import Played

PERCENTS: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How a side compares with the bare connection: the middle over the rounds, and its quartiles.

    Each round compares turns that were played one after the other.
    """

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one side did in one measure on one store.

    Attributes:
        store, cpu: where it was measured.
        measure, title: what was measured.
        side: who played.
        rounds, commands: how often, and how many commands in all.
        p50_s, p99_s: of the time of a round trip, or from a send to its handler, in seconds.
        per_s: commands per second, the median of the rounds.
        by_rate: whether `per_s` is what `ratio` compares, and not `p50_s`.
        ratio: to the bare connection; None for itself and where it does not play.
        cpu_us: CPU time of all its processes for one command; None where it cannot be told.
        store_cpu_us: that of the Redis server.
        cpu_ratio: of `cpu_us` to that of the bare connection.
        load_average: of the computer while this was measured.
        times_s: every single time, in order of size.
    """

    store: str
    cpu: str
    measure: str
    title: str
    side: str
    rounds: int
    commands: int
    p50_s: float
    p99_s: float
    per_s: float
    by_rate: bool
    ratio: Ratio | None
    cpu_us: float | None
    store_cpu_us: float | None
    cpu_ratio: Ratio | None
    load_average: float
    times_s: list[float] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return it for a file: microseconds, and percentiles instead of every time."""
        ratios = {name: _ratio_json(getattr(self, name)) for name in ("ratio", "cpu_ratio")}
        named = ("store", "cpu", "measure", "title", "side", "rounds", "commands", "load_average")
        times = {f"{each:g}": micro(percentile(self.times_s, each)) for each in PERCENTS}
        return {
            **{name: getattr(self, name) for name in named},
            "p50_us": micro(self.p50_s),
            "p99_us": micro(self.p99_s),
            "commands_per_s": round(self.per_s, 1),
            "compared_by": "commands_per_s" if self.by_rate else "p50_us",
            **ratios,
            "cpu_us_per_command": self.cpu_us,
            "store_cpu_us_per_command": self.store_cpu_us,
            "percentiles_us": times,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How long a command waited that was sent right after its service was killed.

    Attributes:
        way: what took over.
        times_s: of each kill, in seconds.
    """

    store: str
    way: str
    times_s: list[float]

    def to_json(self) -> dict[str, Any]:
        """Return it for a file."""
        times = [round(each, 3) for each in self.times_s]
        return {"store": self.store, "way": self.way, "times_s": times}


def make_figures(
    measure: Measure,
    played: dict[Side, list[Played]],
    *,
    where: tuple[str, str],
    load_average: float,
) -> list[Figure]:
    """Return the figure of each side; `where` is the store and the CPUs."""
    bare = next((turns for side, turns in played.items() if side.kind == "connection"), None)
    figures: list[Figure] = []
    for side, turns in played.items():
        times_s = sorted(time_s for turn in turns for time_s in turn.times_s)
        rival = None if bare is turns else bare
        commands = sum(turn.commands for turn in turns)
        figures.append(
            Figure(
                store=where[0],
                cpu=where[1],
                measure=measure.name,
                title=measure.title,
                side=side.name,
                rounds=len(turns),
                commands=commands,
                p50_s=percentile(times_s, 50),
                p99_s=percentile(times_s, 99),
                per_s=median(_per_s(turn) for turn in turns),
                by_rate=measure.by_rate,
                ratio=_ratio(turns, rival, _per_s if measure.by_rate else _p50_s),
                cpu_us=_per_command([turn.cpu_s for turn in turns], commands),
                store_cpu_us=_per_command([turn.store_cpu_s for turn in turns], commands),
                cpu_ratio=_ratio(turns, rival, _cpu_s),
                load_average=load_average,
                times_s=times_s,
            )
        )
    return figures


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the value below which so many of a hundred lie."""
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def micro(seconds: float) -> float:
    """Return microseconds with one digit behind the point."""
    return round(seconds * 1e6, 1)


def _ratio(
    ours: list[Played], bare: list[Played] | None, of: Callable[[Played], float]
) -> Ratio | None:
    if bare is None:
        return None
    pairs = ((of(our), of(other)) for our, other in zip(ours, bare, strict=True))
    ratios = sorted(our / other for our, other in pairs if our and other)
    if not ratios:
        return None
    return Ratio(middle=median(ratios), low=percentile(ratios, 25), high=percentile(ratios, 75))


def _ratio_json(ratio: Ratio | None) -> dict[str, float] | None:
    if ratio is None:
        return None
    return {name: round(getattr(ratio, name), 3) for name in ("middle", "low", "high")}


def _p50_s(turn: Played) -> float:
    return median(turn.times_s)


def _per_s(turn: Played) -> float:
    return turn.commands / turn.span_s


def _cpu_s(turn: Played) -> float:
    return turn.cpu_s or 0.0


def _per_command(used_s: list[float | None], commands: int) -> float | None:
    known = [each for each in used_s if each is not None]
    return micro(sum(known) / commands) if len(known) == len(used_s) else None
