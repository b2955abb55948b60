"""A deployer in a test's own process, beside a console: real operations on replicas in memory."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from durapy_core import operations
from durapy_core.deploy.base import Cancelled, ReplicaState, Revision, Say
from durapy_core.deploy.changes import ChangedFile, Changes, Commit, Ref
from durapy_core.deploy.overview import Deployed, Deployment, Missing, put_deployment
from durapy_core.deploy.pace import Limits, RealClock
from durapy_core.engines.base import Engine
from durapy_core.errors import DeployError, EngineUnavailableError
from durapy_core.fleet import Heard
from durapy_core.operations import Rollouts
from tests.support.rollout_rig import MemoryRollouts
from tests.support.waiting import wait_for

HEAD = "e81c5f4" + "0" * 33
LINES = (
    "[service 4/6] COPY services/ponger services/ponger",
    "[python 5/7] RUN pip install --require-hashes --requirement requirements.txt CACHED",
    "[service 5/6] RUN python -m compileall -q services",
    "exporting to image",
)
DIFF = """\
@@ -1,2 +1,2 @@
 import time
-print("<b>old</b>")
+print("<img src=x onerror=alert(1)>")"""
CRASHED = (
    "Traceback (most recent call last):",
    "ModuleNotFoundError: No module named 'numpy'",
)


@dataclass
class HeldRollouts(MemoryRollouts):
    """Replicas in memory whose build goes on until `built` is set, or until it is cancelled.

    `store_goes_when`: once this is true, the store does not answer one question for the statuses.
    """

    built: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)
    store_goes_when: Callable[["HeldRollouts"], bool] | None = None

    def hear(self, service: str) -> list[Heard]:
        if self.store_goes_when is not None and self.store_goes_when(self):
            self.store_goes_when = None
            raise EngineUnavailableError("the store is away")
        return super().hear(service)

    def start(self, name: str) -> None:
        self.asked.append(("start", name))

    def stop(self, name: str) -> None:
        self.asked.append(("stop", name))

    def restart(self, name: str) -> None:
        self.asked.append(("restart", name))

    def build(self, name: str, revision: Revision, *, say: Say, cancelled: Cancelled) -> str:
        self.asked.append((name, revision.asked))
        say(LINES)
        while not self.built.wait(0.05):
            if why := cancelled():
                raise DeployError(why)
        return super().build(name, revision, say=lambda _: None, cancelled=cancelled)

    def changes(self, name: str, revision: str) -> dict[str, Any]:
        changes = Changes(
            ahead=1,
            behind=0,
            commits=[Commit(commit="e81c5f4", author="pbo", at="2026-11-24", subject="Kalman")],
            files=[
                ChangedFile(
                    path="services/ponger/service.py", added=84, removed=22, diff=DIFF, cut=True
                ),
                ChangedFile(path="services/ponger/eye.png", added=-1, removed=-1),
                ChangedFile(path="services/ponger/requirements.txt", added=1, removed=0),
            ],
        )
        return {"base": "7be03d1", "target": "e81c5f4", **changes.model_dump()}


def deployment() -> Deployment:
    """Return what a deployer would see: services that run, that crash, that were never started."""

    def service(name: str, **more: Any) -> Deployed:
        told = {"revision": "7be03d1", "ahead": 1, "behind": 0, "built": True, "healthy": True}
        state = ReplicaState.RUNNING
        return Deployed.model_validate({"service": name, "state": state, **told, **more})

    return Deployment(
        services=(
            service("deployer"),
            service("eyetracker", state="waiting", restarts=7, exit_code=3, lines=CRASHED),
            service("pinger", revision="e81c5f4-dirty"),
            service("ponger", previous="a41f9c2d0000"),
            service("recorder", state="stopped", exit_code=1, healthy=None),
            service("redis", revision="", ahead=None, behind=None, built=False),
        ),
        missing=(Missing(service="reward", command="docker compose up -d --build reward"),),
        orphans=("oldcam",),
        head=HEAD,
        branch="main",
        changed=True,
        refs=(
            Ref(name="main", commit=HEAD, at="2026-11-24", subject="Kalman"),
            Ref(name="exp/kalman-v2", commit="b" * 40, at="2026-11-23", subject="Bound the queue"),
        ),
    )


@contextmanager
def deploying(engine: Engine, *, key: str = "") -> Iterator[HeldRollouts]:
    """Serve operations and tell what is deployed, until the end of the block.

    With the key of a request, its rollout is found as a server left it that died while watching.
    """
    manager = HeldRollouts(RealClock())
    if key:
        pair = manager.create("camera", "camera:c", stop_first=False, key=key)
        manager.halt(pair.old)
        manager.launch(pair.new)
        manager.key = key
    rollouts = Rollouts(manager, manager.hear, limits=Limits(watch_s=1))
    stop = threading.Event()

    def tell() -> None:
        while not stop.wait(0.5):
            put_deployment(engine, deployment())

    threads = [
        threading.Thread(
            target=operations.serve,
            args=(engine, manager, stop),
            kwargs={"rollouts": rollouts},
        ),
        threading.Thread(target=tell),
    ]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: operations.is_served(engine), "a server of operations")
        yield manager
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
