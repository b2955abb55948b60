"""Rollouts of the ponger under Compose: revisions that go wrong in every way, and what is told."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from textwrap import indent
from typing import Any, Final

import requests

from tests.support.checkout import commit, git
from tests.support.compose import docker
from tests.support.rig import Json, Rig, answered_once
from tests.support.waiting import wait_for

PONGER: Final = "services/ponger/service.py"
DOCKERFILE: Final = "Dockerfile.base"
_LIMIT_S: Final = 120.0

_NO_HEARTBEAT: Final = """\
import os, pathlib
heartbeat = pathlib.Path("/tmp/heartbeat")
heartbeat.unlink(missing_ok=True)
heartbeat.symlink_to("/nowhere/at/all")
os.utime(heartbeat, (0, 0), follow_symlinks=False)
"""
"""Takes away what the health check of a container looks at."""

_SLOW_END: Final = """\
import pathlib, time
@service.on_stop
def close_(ctx):
    for _ in range({tenths}):
        if not pathlib.Path("/tmp/quick").exists():
            time.sleep(0.1)
"""
"""Ends slowly, unless the test is done with that."""

IN_THE_END: Final = {
    "good": "",
    "build_fails": "def broken(:\n",
    "import_fails": "import no_such_module\n",
    "import_hangs": "import time\ntime.sleep(1000)\n",
    "device_hangs": "import time\n@service.on_start\ndef open_(ctx):\n    time.sleep(1000)\n",
    "crashes": (
        "import os, threading\n@service.on_start\ndef open_(ctx):\n"
        "    threading.Timer(2.0, os._exit, [3]).start()\n"
    ),
    "freezes": (
        "import os, signal, threading\n@service.on_start\ndef open_(ctx):\n"
        "    threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGSTOP]).start()\n"
    ),
    "never_healthy": f"{_NO_HEARTBEAT}",
    "turns_ill": (
        f"def turn_ill():\n{indent(_NO_HEARTBEAT, '    ')}\n"
        "import threading\n@service.on_start\ndef open_(ctx):\n"
        "    threading.Timer(2.0, turn_ill).start()\n"
    ),
    "slow_to_end": _SLOW_END.format(tenths=30),
    "slower_to_end": _SLOW_END.format(tenths=80),
}
"""What is written behind the ponger's own code, by what becomes of it."""


class RolloutRig:
    """The rig, with a branch for each kind of ponger.

    Attributes:
        home: the branch that the checkout is on.
        begun: the last record before the present test.
    """

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.home = git(rig.folder, "rev-parse", "--abbrev-ref", "HEAD").strip()
        self.begun = ""

    def branch(self, name: str, *, slow_build: bool = False) -> str:
        """Commit a ponger on a branch of its own, go back, and return the branch."""
        folder, file = self.rig.folder, self.rig.folder / PONGER
        git(folder, "checkout", "--quiet", "-B", f"try/{name}", self.home)
        file.write_text(
            f"{file.read_text(encoding='utf-8')}\n# {name}\n{IN_THE_END.get(name, '')}",
            encoding="utf-8",
        )
        if slow_build:
            docker = folder / DOCKERFILE
            text = docker.read_text(encoding="utf-8")
            slow = "COPY services/${SERVICE} services/${SERVICE}\nRUN echo slow; sleep 60\n"
            text = text.replace("COPY services/${SERVICE} services/${SERVICE}\n", slow)
            docker.write_text(text, encoding="utf-8")
        commit(folder)
        git(folder, "checkout", "--quiet", self.home)
        return f"try/{name}"

    def ask(self, verb: str, service: str = "ponger", **wishes: Any) -> str:
        """Ask for something and return the operation's key."""
        key: str = self.rig.api("POST", f"services/{service}/{verb}", json=wishes)["operation"]
        return key

    def state(self, key: str) -> Json:
        """Return how far an operation has come."""
        state: Json = self.rig.api("GET", f"operations/{key}")
        return state

    def outcome(self, key: str) -> Json:
        """Wait for the end of an operation; the deployer may die meanwhile."""
        return wait_for(
            lambda: s if (s := self.state(key))["state"] != "requested" else {},
            f"the outcome of {key}",
            limit_s=_LIMIT_S,
        )

    def run(self, verb: str, **wishes: Any) -> Json:
        """Ask for something of the ponger and return the outcome."""
        return self.outcome(self.ask(verb, **wishes))

    def news(self, key: str) -> list[Json]:
        """Return all that was told of an operation."""
        told: list[Json] = self.rig.api("GET", f"operations/{key}/news")["news"]
        return told

    def steps(self, key: str) -> list[str]:
        """Return the steps of an operation, each once."""
        steps: list[str] = []
        for news in self.news(key):
            if news["step"] and news["step"] not in steps[-1:]:
                steps.append(news["step"])
        return steps

    def reach(self, key: str, step: str) -> None:
        """Wait until an operation has come to a step."""
        wait_for(lambda: step in self.steps(key), step, limit_s=60, every_s=0.02)

    def kill_deployer(self) -> None:
        """End the deployer as a fault would: no signal that it could handle."""
        before = self.rig.compose.inspect("deployer")["RestartCount"]
        container = self.rig.compose.inspect("deployer")["Id"]
        subprocess.run(
            ["docker", "exec", container, "sh", "-c", "kill -9 -1"],
            check=False,
            capture_output=True,
        )
        wait_for(
            lambda: self.rig.compose.inspect("deployer")["RestartCount"] > before,
            "the deployer's restart",
        )

    def let_end_quickly(self) -> None:
        """Let a ponger that was made to end slowly end at once: later tests need not wait."""
        self.rig.exec("ponger", "touch /tmp/quick")

    def fail(self, fate: str, *, session: str) -> Json:
        """Roll out a ponger that goes wrong, judge that the old one is back, return the outcome."""
        before, branch = wait_for(self.revision, "the ponger"), self.branch(fate)
        key = self.ask("rollout", revision=branch, session=session)
        outcome = self.outcome(key)
        assert outcome["state"] == "failed", outcome["message"]
        self.answers_within_5_s(key)
        assert self.revision() == before
        return {**outcome, "steps": self.steps(key)}

    def kill_and_start_deployer(self) -> None:
        """End the deployer at once and start it, without the growing pause before a restart."""
        container = self.rig.compose.inspect("deployer")["Id"]
        docker("kill", container)
        docker("start", container)

    def answers_within_5_s(self, key: str) -> None:
        """Judge by the store's clock: from the failure to the first pong after it."""
        news = self.news(key)
        failed = next(n for n in news if n["step"] == "undone" or n["state"] == "failed")
        failed_s = at_s(failed, "at")

        def first_s() -> float:
            sent_s = (at_s(pong) for pong in self.rig.pongs(self.begun))
            return min((s for s in sent_s if s > failed_s), default=0)

        assert wait_for(first_s, "a pong after the failure") - failed_s < 5

    def answered_once(self, begun: str) -> bool:
        """Return whether every ping since then has exactly one pong, having waited for them."""
        pings = self.rig.pings(begun)
        asked = {ping["key"] for ping in pings}

        def pongs() -> list[Json]:
            found = self.rig.pongs(begun)
            return found if asked <= {pong["cause"] for pong in found} else []

        given = wait_for(pongs, "a pong for every ping", limit_s=60)
        return answered_once(pings + [pong for pong in given if pong["cause"] in asked])

    def revision(self) -> str:
        """Return the revision that the ponger says it runs; empty while none is up."""
        found = [s for s in self.rig.api("GET", "services")["services"] if s["up"]]
        return str(next((s["revision"] for s in found if s["service"] == "ponger"), ""))

    def containers(self) -> list[str]:
        """Return the names of the ponger's containers, whatever state they are in."""
        form = "{{.Name}}"
        return self.rig.compose.run("ps", "--all", "--format", form, "ponger").split()

    @contextmanager
    def pinging(self, *, every_s: float = 0.01) -> Iterator[None]:
        """Send pings by the API, some dozens a second, meanwhile."""
        over = threading.Event()
        thread = threading.Thread(target=self._ping, args=(over, every_s))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _ping(self, over: threading.Event, every_s: float) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.rig.token}"
            while not over.wait(every_s):
                body = {"type": "PING", "body": {"key": f"rollouts-{time.monotonic_ns()}"}}
                session.post(f"{self.rig.url}/api/v1/commands", json=body, timeout=20)


def at_s(told: Json, field: str = "sent_at") -> float:
    """Return when something was stored, in seconds since 1970."""
    return datetime.fromisoformat(told[field]).timestamp()
