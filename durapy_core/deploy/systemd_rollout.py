"""Rollouts under systemd: links say what a service runs from, a second unit is its successor.

Everything is in the state folder of the rig's checkout:

    mirror.git, revisions/COMMIT/   see `Revisions`
    current/NAME                    link to what a service runs from; none: the checkout itself
    current/NAME.key                a link whose text is the key of the request that made it so
    before/NAME                     link to what it ran from before
    next/NAME                       link to what is to take over, while it is rolled out
    next/NAME.pair                  a link whose text tells of the rollout: "BESIDE RAN KEY"

A link is changed in one step, by the user of the services, and systemd need not read its files
anew. `run` in the same folder follows the link once, when a process starts.
"""

import time
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from durapy_core.deploy.base import Cancelled, Pair, Pulse, Revision, RolloutManager, Say
from durapy_core.deploy.systemd import SystemdManager, next_unit
from durapy_core.deploy.systemd_revisions import WEBSERVER, Revisions
from durapy_core.deploy.working_tree import WORKING_TREE
from durapy_core.errors import DeployError

_POLL_S: Final = 0.1
_RUNS: Final = ("active", "activating", "reloading")

Kind = Literal["current", "before", "next"]


class SystemdRollouts(SystemdManager, RolloutManager):
    """A `SystemdManager` that can put another revision in the place of the one that runs."""

    def resolve(self, name: str, revision: str) -> Revision:
        """See `RolloutManager.resolve`; the working tree is the checkout itself, not a copy."""
        self.find(name)
        there = self._revisions()
        there.fetch()
        if revision == WORKING_TREE:
            return Revision(
                commit=there.commit_in(there.checkout),
                asked="the checkout",
                changed="yes" if there.differs() else "",
                kept=str(there.checkout),
            )
        commit = there.commit_of(revision)
        there.must_hold(commit, name)
        return Revision(commit=commit, asked=revision or "HEAD")

    def before(self, name: str) -> str:
        """See `RolloutManager.before`."""
        self.find(name)
        target = self._read("before", name)
        if not target:
            raise DeployError(f"{name} has not been rolled out here, so there is no way back.")
        checkout = str(self._revisions().checkout)
        return WORKING_TREE if target == checkout else PurePosixPath(target).name

    def build(self, name: str, revision: Revision, *, say: Say, cancelled: Cancelled) -> str:
        """See `RolloutManager.build`; returns the folder of the revision."""
        if revision.kept:
            return revision.kept
        return self._revisions().build(name, revision.commit, say=say, cancelled=cancelled)

    def create(self, name: str, build: str, *, stop_first: bool, key: str) -> Pair:
        """See `RolloutManager.create`."""
        unit = self.find(name)
        if self.host.run("test", "-x", f"{build}/.venv/bin/durapy").code:
            raise DeployError(f"{build} has vanished or was never finished; roll out once more.")
        beside = not stop_first and name != WEBSERVER
        ran = self.show(unit)[0]["ActiveState"] in _RUNS
        self._point("next", f"{name}.pair", f"{beside:d} {ran:d} {key}")
        self._point("next", name, build)
        return Pair(service=name, old=unit, new=next_unit(name), ran=ran, beside=beside)

    def pairs(self) -> list[tuple[Pair, str]]:
        """See `RolloutManager.pairs`. One that was adopted half-way has no old one any more."""
        links = self._links("next", "*.pair")
        return [self._pair(file.removesuffix(".pair"), text) for file, text in links]

    def made_by(self, name: str) -> str:
        """See `RolloutManager.made_by`."""
        return self._read("current", f"{name}.key")

    def order(self) -> list[str]:
        """See `RolloutManager.order`; nothing depends on another, the console comes last."""
        return sorted(self.services(), key=lambda name: (name == WEBSERVER, name))

    def fetch(self) -> str:
        """See `RolloutManager.fetch`: the checkout is looked at, and never a remote."""
        self._revisions().fetch()
        return "fetched what the checkout has; a remote is asked by `git fetch` there"

    def changes(self, name: str, revision: str) -> dict[str, Any]:
        """See `RolloutManager.changes`."""
        target, there = self.resolve(name, revision), self._revisions()
        base = there.commit_in(PurePosixPath(self._runs_from(name)))
        changes = there.changes(base, target.commit)
        return {"base": base[:7], "target": target.name, **changes.model_dump()}

    def launch(self, replica: str) -> None:
        """See `RolloutManager.launch`."""
        self.systemctl("reset-failed", replica, check=False)
        self.systemctl("start", "--no-block", replica)

    def halt(self, replica: str, *, grace_s: float | None = None) -> None:
        """See `RolloutManager.halt`."""
        if grace_s is not None:
            self.systemctl("stop", "--no-block", replica)
            until_s = time.monotonic() + grace_s
            while self.show(replica)[0]["ActiveState"] == "deactivating":
                if time.monotonic() > until_s:
                    self.systemctl("kill", "--signal=KILL", replica, check=False)
                    break
                time.sleep(_POLL_S)
        self.systemctl("stop", replica)

    def pulse(self, replica: str) -> Pulse:
        """See `RolloutManager.pulse`; healthy is who has told systemd that it is ready."""
        shown = self.show(replica)[0]
        again = int(shown["NRestarts"]) > 0 or shown["SubState"].startswith("auto-restart")
        running = shown["ActiveState"] in _RUNS and not again
        return Pulse(
            running=running,
            ended=None if running else f"ended: {self.explain(replica)}",
            healthy=shown["ActiveState"] == "active",
            host=self.host.run("uname", "-n").out.strip(),
            pid=int(shown["MainPID"]) or None,
        )

    def adopt(self, pair: Pair) -> None:
        """See `RolloutManager.adopt`.

        The service's own unit starts on the new revision and stands by; then the successor ends
        and gives up the lead. So there is one unit for each service, always of the same name.
        """
        name, unit = pair.service, self.find(pair.service)
        target = self._read("next", name)
        if not target:
            raise DeployError(f"{name}: its link in next/ has gone; nothing was changed.")
        present = self._runs_from(name)
        if present != target:
            self._point("before", name, present)
            self._point("current", f"{name}.key", self._read("next", f"{name}.pair").split()[-1])
            self._point("current", name, target)
        if not pair.beside:
            self.halt(pair.new)
        self.systemctl("reset-failed", unit, check=False)
        if self.systemctl("restart", unit, check=False).code:
            raise DeployError(f"{name} did not start once more: {self.explain(unit)}")
        self.discard(pair)
        kinds: tuple[Kind, ...] = ("current", "before", "next")
        used = {PurePosixPath(text).name for kind in kinds for _, text in self._links(kind, "*")}
        self._revisions().keep_only(used)

    def discard(self, pair: Pair) -> None:
        """See `RolloutManager.discard`."""
        self.halt(pair.new)
        folder = f"{self._revisions().state}/next"
        names = (pair.service, f"{pair.service}.pair")
        self._revisions().must("rm", "-f", "--", *(f"{folder}/{name}" for name in names))

    def _pair(self, name: str, text: str) -> tuple[Pair, str]:
        beside, ran, key = text.split(" ", 2)
        target = self._read("next", name)
        adopted = bool(target) and self._read("current", name) == target
        pair = Pair(
            service=name,
            old="" if adopted else self.find(name),
            new=next_unit(name),
            ran=ran == "1",
            beside=beside == "1",
        )
        return pair, key

    def _revisions(self) -> Revisions:
        for shown in self.show(*self.services().values()):
            if shown.get("WorkingDirectory", "").startswith("/"):
                return Revisions(self.host, PurePosixPath(shown["WorkingDirectory"]))
        raise DeployError(f"The units on {self.host.name} do not say where the checkout is.")

    def _runs_from(self, name: str) -> str:
        return self._read("current", name) or str(self._revisions().checkout)

    def _read(self, kind: Kind, name: str) -> str:
        link = f"{self._revisions().state}/{kind}/{name}"
        return self.host.run("readlink", "--", link).out.strip()

    def _links(self, kind: Kind, names: str) -> list[tuple[str, str]]:
        """Return name and text of the links of a kind."""
        folder = f"{self._revisions().state}/{kind}"
        options = ("-type", "l", "-name", names, "-printf", "%f %l\\n")
        lines = self.host.run("find", folder, *options).out.splitlines()
        return sorted((file, text) for file, _, text in (line.partition(" ") for line in lines))

    def _point(self, kind: Kind, name: str, text: str) -> None:
        """Let a link hold this text, in one step."""
        there = self._revisions()
        folder = f"{there.state}/{kind}"
        there.must("mkdir", "-p", "--", folder)
        there.must("ln", "-sfn", "--", text, f"{folder}/{name}.draft")
        there.must("mv", "-fT", "--", f"{folder}/{name}.draft", f"{folder}/{name}")
