"""Rollouts on several computers as one: whoever has a service does the work.

A replica is named with its computer, so that what was made here finds its way back there.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from loguru import logger

from durapy_core.deploy.base import Cancelled, Pair, Pulse, Revision, RolloutManager, Say
from durapy_core.deploy.systemd import SeveralManagers
from durapy_core.deploy.systemd_rollout import SystemdRollouts
from durapy_core.errors import DeployError, ManagerUnavailableError

_ON: Final = " on "


class SeveralRollouts(SeveralManagers, RolloutManager):
    """The services of several computers, which can be rolled out each on its own."""

    def __init__(self, managers: Sequence[SystemdRollouts]) -> None:
        super().__init__(managers)
        self._by_host = {manager.host.name: manager for manager in managers}

    @property
    def managers(self) -> list[SystemdRollouts]:
        """One for each computer."""
        return list(self._by_host.values())

    def resolve(self, name: str, revision: str) -> Revision:
        """See `RolloutManager.resolve`: what the checkout on the service's computer has."""
        return self._rollouts_of(name).resolve(name, revision)

    def before(self, name: str) -> str:
        """See `RolloutManager.before`."""
        return self._rollouts_of(name).before(name)

    def build(self, name: str, revision: Revision, *, say: Say, cancelled: Cancelled) -> str:
        """See `RolloutManager.build`."""
        return self._rollouts_of(name).build(name, revision, say=say, cancelled=cancelled)

    def create(self, name: str, build: str, *, stop_first: bool, key: str) -> Pair:
        """See `RolloutManager.create`."""
        manager = self._rollouts_of(name)
        return _named(manager.create(name, build, stop_first=stop_first, key=key), manager)

    def pairs(self) -> list[tuple[Pair, str]]:
        """See `RolloutManager.pairs`; those of a computer that is away are left out, and logged."""
        found: list[tuple[Pair, str]] = []
        for manager in self._by_host.values():
            try:
                found += [(_named(pair, manager), key) for pair, key in manager.pairs()]
            except ManagerUnavailableError as error:
                logger.warning("rollouts under way cannot be looked for: {why}", why=str(error))
        return found

    def made_by(self, name: str) -> str:
        """See `RolloutManager.made_by`."""
        return self._rollouts_of(name).made_by(name)

    def order(self) -> list[str]:
        """See `RolloutManager.order`: other computers first, as the console is on this one."""
        managers = reversed(self._by_host.values())
        return [name for manager in managers for name in manager.order()]

    def fetch(self) -> str:
        """See `RolloutManager.fetch`; every computer says the same."""
        return [manager.fetch() for manager in self._by_host.values()][-1]

    def changes(self, name: str, revision: str) -> dict[str, Any]:
        """See `RolloutManager.changes`."""
        return self._rollouts_of(name).changes(name, revision)

    def launch(self, replica: str) -> None:
        """See `RolloutManager.launch`."""
        manager, unit = self._split(replica)
        manager.launch(unit)

    def halt(self, replica: str, *, grace_s: float | None = None) -> None:
        """See `RolloutManager.halt`."""
        manager, unit = self._split(replica)
        manager.halt(unit, grace_s=grace_s)

    def pulse(self, replica: str) -> Pulse:
        """See `RolloutManager.pulse`."""
        manager, unit = self._split(replica)
        return manager.pulse(unit)

    def last_lines(self, replica: str) -> list[str]:
        """See `RolloutManager.last_lines`."""
        manager, unit = self._split(replica)
        return manager.last_lines(unit)

    def adopt(self, pair: Pair) -> None:
        """See `RolloutManager.adopt`."""
        manager, there = self._there(pair)
        manager.adopt(there)

    def discard(self, pair: Pair) -> None:
        """See `RolloutManager.discard`."""
        manager, there = self._there(pair)
        manager.discard(there)

    def _rollouts_of(self, name: str) -> SystemdRollouts:
        return self._by_host[self._who_has(name).host.name]

    def _split(self, replica: str) -> tuple[SystemdRollouts, str]:
        unit, _, host = replica.partition(_ON)
        if host not in self._by_host:
            raise DeployError(f'No computer of this rig is called "{host}".')
        return self._by_host[host], unit

    def _there(self, pair: Pair) -> tuple[SystemdRollouts, Pair]:
        """Return whose pair it is, and the pair as it is called there."""
        manager, new = self._split(pair.new)
        return manager, replace(pair, old=pair.old.partition(_ON)[0], new=new)


def _named(pair: Pair, manager: SystemdRollouts) -> Pair:
    on = f"{_ON}{manager.host.name}"
    return replace(pair, old=f"{pair.old}{on}" if pair.old else "", new=f"{pair.new}{on}")
