"""The manager for systemd: the units of a rig, here or on another computer, through `systemctl`.

A service belongs to the rig if `durapy.target` wants its unit, which is what an installation sees
to. A name is looked up among those and never handed on as it came.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final

from durapy_core.deploy.base import DeployManager, Replica, ReplicaState
from durapy_core.deploy.hosts import Done, Host
from durapy_core.deploy.systemd_units import TARGET, WEB
from durapy_core.deploy.unit import describe
from durapy_core.errors import DeployError, ManagerUnavailableError, ServiceNotFoundError

_WAIT_S: Final = 150.0
"""Longer than a unit may take to start (TimeoutStartSec=) or to stop."""

_LINES: Final = 20
_SHOWN: Final = ",".join(
    (
        *("Id", "LoadState", "ActiveState", "SubState", "Result", "NRestarts", "MainPID"),
        *("ExecMainCode", "ExecMainStatus", "ExecMainStartTimestamp", "StatusText"),
        "WorkingDirectory",
    )
)

_STATES: Final = {
    "active": ReplicaState.RUNNING,
    "activating": ReplicaState.RUNNING,
    "reloading": ReplicaState.RUNNING,
    "deactivating": ReplicaState.STOPPING,
}

_RESULTS: Final = {
    "watchdog": "the watchdog: it gave no sign of life",
    "timeout": "a time limit: it took too long to start or to stop",
    "start-limit-hit": "too many crashes in a row",
}

_NO_BUS: Final = ("Failed to connect to", "not been booted with systemd")
_REFUSED: Final = ("Access denied", "authentication required", "Permission denied")

Shown = dict[str, str]
"""Properties of a unit by name, as `systemctl show` prints them."""


class _NoBusError(ManagerUnavailableError):
    """Nobody listens where this systemd should."""


class SystemdManager(DeployManager):
    """The units of one rig on one computer. Opens nothing until it is asked something."""

    def __init__(self, host: Host, *, user: bool = False) -> None:
        """Take the computer.

        With `user` its user's own systemd is asked; without, it is asked only where no rig is
        installed for the whole computer.
        """
        self.host = host
        self._mode = ("--user",) if user else ()
        self._modes = (self._mode,) if user else ((), ("--user",))

    @property
    def of_user(self) -> bool:
        """Whether it is its user's own systemd, as far as it was asked."""
        return bool(self._mode)

    def replicas(self) -> list[Replica]:
        """Return every unit of the rig, a successor in a rollout included."""
        services = self.services()
        units = [unit for name in services for unit in (services[name], next_unit(name))]
        found = [_replica(shown) for shown in self.show(*units)]
        here = set(services.values())
        kept = (one for one in found if one.name in here or one.state is not ReplicaState.STOPPED)
        return sorted(kept, key=lambda one: (one.service, one.name))

    def services(self) -> dict[str, str]:
        """Return the rig's services and their units.

        Raises:
            ManagerUnavailableError: systemd does not answer, or no rig is installed there.
        """
        for mode in self._modes:
            self._mode = mode
            with suppress(_NoBusError):
                shown = _parse(self.systemctl("show", "--property=LoadState,Wants", TARGET).out)
                if shown.get("LoadState") == "loaded":
                    self._modes = (mode,)
                    units = shown["Wants"].split()
                    return {service_of(unit): unit for unit in units if service_of(unit)}
        raise ManagerUnavailableError(
            f"No rig is installed under systemd on {self.host.name}; run "
            "`scripts/install-systemd` there."
        )

    def start(self, name: str) -> None:
        """Start a service; see `DeployManager.start`."""
        self._up("start", name)

    def stop(self, name: str) -> None:
        """Stop a service, and its successor in a rollout; see `DeployManager.stop`."""
        unit = self.find(name)
        self.systemctl("stop", unit, next_unit(name))

    def restart(self, name: str) -> None:
        """Restart a service; see `DeployManager.restart`."""
        self._up("restart", name)

    def last_lines(self, unit: str, *, limit: int = _LINES) -> list[str]:
        """Return what a unit wrote last, oldest first; empty if this user may not read it."""
        by = "_SYSTEMD_USER_UNIT" if self._mode else "_SYSTEMD_UNIT"  # not what is said about it
        options = ("--no-pager", "--quiet", "--output=cat", f"--lines={limit}")
        done = self.host.run("journalctl", *options, f"{by}={unit}")
        return done.out.splitlines()

    def find(self, name: str) -> str:
        """Return a service's unit.

        Raises:
            ServiceNotFoundError: the rig has no such service.
        """
        services = self.services()
        if name in services:
            return services[name]
        raise _not_found(name, self.host.name, services)

    def show(self, *units: str) -> list[Shown]:
        """Return the properties of units, in the same order."""
        if not units:
            return []
        done = self.systemctl("show", "--timestamp=unix", f"--property={_SHOWN}", *units)
        return [_parse(block) for block in done.out.strip().split("\n\n")]

    def systemctl(self, *arguments: str, check: bool = True) -> Done:
        """Run one `systemctl`.

        Raises:
            ManagerUnavailableError: systemd, or the computer, does not answer.
            DeployError: with `check`, it refused; the message says why.
        """
        argv = ("systemctl", *self._mode, "--no-ask-password", *arguments)
        done = self.host.run(*argv, limit_s=_WAIT_S)
        if done.code == 0:
            return done
        said = " ".join(done.err.split())
        if any(sign in said for sign in _NO_BUS):
            raise _NoBusError(
                f"systemd does not answer on {self.host.name}; a user's own needs a login of that "
                f"user, or `loginctl enable-linger`: {said}"
            )
        if any(sign in said for sign in _REFUSED):
            raise ManagerUnavailableError(
                f"systemd on {self.host.name} does not let this user do that; the rule that "
                f"`durapy systemd install` writes needs polkit: {said}"
            )
        if check:
            raise DeployError(f"systemctl {' '.join(arguments)} on {self.host.name}: {said}")
        return done

    def _up(self, verb: str, name: str) -> None:
        unit = self.find(name)
        self.systemctl("reset-failed", unit, check=False)  # it may start again after a crash loop
        if self.systemctl(verb, unit, check=False).code:
            raise DeployError(f"{name} did not start: {self.explain(unit)}")

    def explain(self, unit: str) -> str:
        """Return how a unit ended, what it said last, and where there is more."""
        ended = _ended(self.show(unit)[0]) or "it is being started again"
        said = (self.last_lines(unit, limit=1) or [""])[0]
        more = f"journalctl {'--user-unit' if self._mode else '--unit'} {unit}"
        return f"{ended}{': ' if said else ''}{said} (`{more}` has more)"


class SeveralManagers(DeployManager):
    """The services of several computers as one: whoever has a service is asked."""

    def __init__(self, managers: Sequence[SystemdManager]) -> None:
        self._managers = managers

    def replicas(self) -> list[Replica]:
        """Return the replicas on all of the computers."""
        return [replica for manager in self._managers for replica in manager.replicas()]

    def start(self, name: str) -> None:
        """Start a service where it is; see `DeployManager.start`."""
        self._who_has(name).start(name)

    def stop(self, name: str) -> None:
        """Stop a service where it is; see `DeployManager.stop`."""
        self._who_has(name).stop(name)

    def restart(self, name: str) -> None:
        """Restart a service where it is; see `DeployManager.restart`."""
        self._who_has(name).restart(name)

    def _who_has(self, name: str) -> SystemdManager:
        """Return the manager of a service; a computer that is away matters if no other has it."""
        away: list[str] = []
        known: list[str] = []
        for manager in self._managers:
            try:
                services = manager.services()
                if name in services:
                    return manager
                known += services
            except ManagerUnavailableError as error:
                away.append(str(error))
        if away:
            raise ManagerUnavailableError(f"{name[:64]} was not found: {' '.join(away)}")
        names = ", ".join(manager.host.name for manager in self._managers)
        raise _not_found(name, names, known)


def _not_found(name: str, where: str, known: Collection[str]) -> ServiceNotFoundError:
    near = get_close_matches(name, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(sorted(known))}."
    return ServiceNotFoundError(f'The rig on {where} has no service called "{name[:64]}"; {hint}')


def next_unit(service: str) -> str:
    """Return the name of the unit that takes over a service in a rollout."""
    return f"durapy-next@{service}.service"


def service_of(unit: str) -> str:
    """Return the service that a unit runs; empty for any other unit."""
    if unit == WEB:
        return "webserver"
    stem, at, service = unit.removesuffix(".service").partition("@")
    return service if at and stem in ("durapy", "durapy-next") else ""


def _parse(block: str) -> Shown:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, _, value in pairs}


def _replica(shown: Shown) -> Replica:
    started = shown.get("ExecMainStartTimestamp", "").removeprefix("@")
    waiting = shown["SubState"].startswith("auto-restart")
    state = _STATES.get(shown["ActiveState"], ReplicaState.STOPPED)
    return Replica(
        service=service_of(shown["Id"]),
        name=shown["Id"],
        state=ReplicaState.WAITING if waiting else state,
        started_at=datetime.fromtimestamp(int(started), UTC) if started.isdigit() else None,
        restarts=int(shown["NRestarts"]),
        ended=_ended(shown),
    )


def _ended(shown: Shown) -> str | None:
    """Return how a unit's process ended last, in words; None while it runs or never did."""
    if shown["Result"] in _RESULTS:
        return _RESULTS[shown["Result"]]
    status = int(shown["ExecMainStatus"])
    match shown["ExecMainCode"]:  # of waitid(2): 1 exited, 2 killed, 3 killed with a core dump
        case "1":
            return describe(status)
        case "2" | "3":
            return describe(-status)
    return None
