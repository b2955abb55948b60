"""The run: store by store, measure by measure, round by round, each side in turn."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

from durapy_core.bench import machine
from durapy_core.bench.figures import Figure, Recovery, make_figures
from durapy_core.bench.plan import WARM_UP_ROUNDS, Cpu, Measure, Plan, Side
from durapy_core.bench.recovery import measure_recovery
from durapy_core.bench.stores import Store
from durapy_core.bench.team import Played, Team

Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Findings:
    """All that a run found.

    Attributes:
        machine: what was measured on.
        stores: what each Redis server says of itself, by the store's name.
    """

    machine: dict[str, str | int | float]
    stores: dict[str, dict[str, str]] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it for a file."""
        return {
            "machine": self.machine,
            "stores": self.stores,
            "figures": [figure.to_json() for figure in self.figures],
            "recovery": [recovery.to_json() for recovery in self.recoveries],
        }


def run(plan: Plan, stores: Sequence[Store], *, stopped: Callable[[], bool], say: Say) -> Findings:
    """Measure all of a plan; `say` is told what is going on.

    Raises:
        KeyboardInterrupt: `stopped` said so; every player has ended.
        ServiceError: a player ended or hangs.
        EngineError: a store is not usable.
    """
    findings = Findings(machine=machine.describe())
    for store in stores:
        if store.keeper is not None:
            findings.stores[store.name] = store.keeper.describe()
        for cpu in plan.cpu.cases:
            with _placed(cpu, store):
                for measure in plan.measures:
                    findings.figures += _measure(plan, measure, store, cpu, stopped, say)
        if plan.recovery:
            findings.recoveries += measure_recovery(
                store, kills=plan.recovery, stopped=stopped, say=say
            )
    return findings


def _placed(cpu: Cpu, store: Store) -> Any:
    if cpu is not Cpu.ONE:
        return nullcontext()
    return machine.on_one_cpu(*([store.server_pid] if store.server_pid else []))


def _measure(
    plan: Plan,
    measure: Measure,
    store: Store,
    cpu: Cpu,
    stopped: Callable[[], bool],
    say: Say,
) -> list[Figure]:
    where = f"{store.name}{', one CPU' if cpu is Cpu.ONE else ''}: {measure.name}"
    sides = plan.sides(measure, on_redis=store.keeper is not None)
    played: dict[Side, list[Played]] = {side: [] for side in sides}
    with ExitStack() as stack:
        say(f"{where}: starting {len(sides) * len(measure.roles)} players")
        teams = []
        for side in sides:
            teams.append(team := Team(side, measure, store, stopped))
            stack.callback(team.close)
        for team in teams:
            team.wait_until_up()
        for number in range(WARM_UP_ROUNDS + plan.rounds):
            say(f"{where}: round {number} of {plan.rounds}")
            for team in _rotated(teams, number):
                turn = team.play(measure.go)
                if number >= WARM_UP_ROUNDS:
                    played[team.side].append(turn)
    load = machine.load_average()
    return make_figures(measure, played, where=(store.name, cpu), load_average=load)


def _rotated(teams: list[Team], by: int) -> list[Team]:
    """Return the teams in an order that changes, so that nobody always plays after the same one."""
    first = by % len(teams)
    return teams[first:] + teams[:first]
