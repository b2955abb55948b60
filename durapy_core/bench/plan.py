"""What is measured: plain data, from the command line to whoever plays."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from durapy_core.bench.commands import GoCommand

WARM_UP_ROUNDS: Final = 1
"""So many rounds are played first and not counted."""

RECEIVERS: Final = 8
PAYLOAD_BYTES: Final = 61_440
"""1024 channels at 30 kHz for 1 ms, two bytes each: a block of a large neural recording."""

RECOVERY: Final = "recovery"


class Cpu(StrEnum):
    """Where the players run: anywhere, all on one CPU, or first one and then the other."""

    ANY = "any"
    ONE = "one"
    BOTH = "both"

    @property
    def cases(self) -> tuple["Cpu", ...]:
        """The cases to measure one after the other."""
        return (Cpu.ANY, Cpu.ONE) if self is Cpu.BOTH else (self,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One kind of measurement.

    Attributes:
        name: for `--only`.
        title: for people.
        roles: who plays; the first one begins each turn.
        go: what it is told.
        by_rate: whether the figure to compare is commands per second, and not the median time.
        rivals: who plays beside DuraPy, on Redis.
    """

    name: str
    title: str
    roles: tuple[str, ...]
    go: GoCommand
    by_rate: bool = False
    rivals: tuple[str, ...] = ("connection", "client")


MEASURES: Final = (
    Measure(
        name="round-trip",
        title="round trip, ping to pong",
        roles=("pinger", "ponger"),
        go=GoCommand(count=500),
    ),
    Measure(
        name="one-by-one",
        title="throughput, sent one by one",
        roles=("sender", "receiver"),
        go=GoCommand(count=2000),
        by_rate=True,
    ),
    Measure(
        name="batched",
        title="throughput, sent in batches of 100",
        roles=("sender", "receiver"),
        go=GoCommand(count=10_000, batch=100),
        by_rate=True,
    ),
    Measure(
        name="fan-out",
        title=f"one sender to {RECEIVERS} services, 200 a second",
        roles=("sender", *["receiver"] * RECEIVERS),
        go=GoCommand(count=100, every_s=0.005),
        rivals=("connection",),
    ),
    Measure(
        name="payload",
        title=f"{PAYLOAD_BYTES:,} bytes, 1,000 a second",
        roles=("sender", "receiver"),
        go=GoCommand(count=500, every_s=0.001, size_bytes=PAYLOAD_BYTES),
    ),
)

NAMES: Final = (*(measure.name for measure in MEASURES), RECOVERY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One who plays: DuraPy with a setting, or a rival.

    Attributes:
        name: for people and in the JSON.
        kind: `durapy`, or which rival.
        commit_ms: as DURAPY_COMMIT_MS; None for a rival.
    """

    name: str
    kind: str
    commit_ms: float | None = None


BARE: Final = Side(name="redis-py Connection", kind="connection")
"""What all others are compared with."""

CLIENT: Final = Side(name="redis.Redis", kind="client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole run.

    Attributes:
        measures: what is measured, in this order.
        recovery: how often a process is killed; 0 leaves that out.
        rounds: how many turns each side has.
        cpu: where the players run.
        commit_ms: DuraPy plays once with each of these; the first one is the figure to read.
    """

    measures: tuple[Measure, ...]
    recovery: int
    rounds: int
    cpu: Cpu
    commit_ms: tuple[float, ...]

    def sides(self, measure: Measure, *, on_redis: bool) -> list[Side]:
        """Return who plays: DuraPy first; rivals only where they can."""
        first, *others = self.commit_ms
        sides = [Side(name="DuraPy", kind="durapy", commit_ms=first)]
        if len(measure.rivals) > 1:  # else there are many processes already
            sides += [
                Side(name=f"DuraPy, commit_ms={each:g}", kind="durapy", commit_ms=each)
                for each in others
            ]
        return sides + [side for side in (BARE, CLIENT) if on_redis and side.kind in measure.rivals]


def make_plan(
    only: tuple[str, ...],
    *,
    quick: bool,
    rounds: int | None,
    cpu: Cpu,
    commit_ms: tuple[float, ...],
) -> Plan:
    """Return the plan for what was asked; `quick` is for a look, its figures are rough."""
    wanted = only or NAMES
    measures = [measure for measure in MEASURES if measure.name in wanted]
    if quick:
        measures = [_shortened(measure) for measure in measures]
    repeats = 1 if quick else 3
    return Plan(
        measures=tuple(measures),
        recovery=repeats if RECOVERY in wanted else 0,
        rounds=rounds or (2 if quick else 10),
        cpu=cpu,
        commit_ms=commit_ms,
    )


def _shortened(measure: Measure) -> Measure:
    go = measure.go.model_copy(update={"count": measure.go.count // 5})
    return Measure(
        name=measure.name,
        title=measure.title,
        roles=measure.roles,
        go=go,
        by_rate=measure.by_rate,
        rivals=measure.rivals,
    )
