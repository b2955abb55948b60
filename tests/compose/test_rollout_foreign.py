"""Containers that are not the rig's, whatever they call themselves: no request reaches them."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.compose import docker
from tests.support.rig import Rig
from tests.support.rollouts import RolloutRig
from tests.support.waiting import wait_for

VERBS = ("start", "stop", "restart", "rollout", "rollback", "changes")
LABELS = {
    "com.docker.compose.service": "ponger",
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.container-number": "1",
}

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]


@contextmanager
def foreign(image: str, *, suffix: str = "", **labels: str) -> Iterator[dict[str, Any]]:
    """Run a container by hand, and judge at the end that nobody has touched it."""
    options = [f"--label={name}={value}" for name, value in labels.items()]
    name = f"--name=foreign-{secrets.token_hex(4)}{suffix}"
    run = ("run", "--detach", "--init", name, "--entrypoint", "sleep", *options, image, "1000")
    container = docker(*run).strip()
    told = inspected(container)
    try:
        yield told
        after = inspected(container)
        assert after["State"] == told["State"]
        assert after["Name"] == told["Name"]
    finally:
        docker("rm", "--force", "--volumes", container)


def inspected(container: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("container", "inspect", container))[0]
    return found


def asked_past_the_console(rig: Rig, bodies: list[str]) -> list[str]:
    """Put requests on the log as a program may that has the store, and return their keys."""
    script = (
        "local keys = {} for _, body in ipairs(ARGV) do keys[#keys + 1] = "
        "redis.call('XADD', KEYS[1], '*', 'type', 'REQUEST', 'body', body) end return keys"
    )
    log = "durapy:{durapy}:operations"
    return rig.redis("EVAL", script, "1", log, *bodies).split()


def test_no_verb_reaches_a_container_of_another_project_by_any_of_its_names(
    rollouts: RolloutRig,
) -> None:
    project = {"com.docker.compose.project": "another-rig", "durapy.image": "another-rig-ponger:1"}

    with foreign("redis:8-alpine", **LABELS, **project) as told:
        names = (told["Id"], told["Id"][:12], told["Id"][:4], told["Name"].lstrip("/"))
        outcomes = []
        for verb in VERBS:
            bodies = [json.dumps({"verb": verb, "service": name}) for name in names]
            keys = asked_past_the_console(rollouts.rig, bodies)
            outcomes += [rollouts.outcome(key) for key in keys]

    assert len(outcomes) == len(VERBS) * len(names)
    assert {outcome["state"] for outcome in outcomes} == {"failed"}
    assert [o["message"] for o in outcomes if "has no service called" not in o["message"]] == []


def test_a_container_that_was_run_by_hand_from_our_image_is_not_ours(rollouts: RolloutRig) -> None:
    rig = rollouts.rig
    image = rig.compose.inspect("ponger")["Config"]["Image"]
    before = rig.compose.inspect("ponger")["Id"]

    with foreign(image) as told:
        assert told["Config"]["Labels"]["com.docker.compose.project"] == rig.compose.name
        restarted = rollouts.run("restart")
        replaced = rollouts.run("rollout", revision=rollouts.branch("good"))

    assert (restarted["state"], replaced["state"]) == ("done", "done")
    assert rig.compose.inspect("ponger")["Id"] != before


def test_a_forged_rollout_is_neither_finished_nor_undone(rollouts: RolloutRig) -> None:
    rig = rollouts.rig
    redis = rig.compose.inspect("redis")
    ours = {**LABELS, "com.docker.compose.project": rig.compose.name}
    told = json.dumps({"key": "1-0", "old": redis["Id"], "ran": True, "beside": True})

    with (
        foreign("redis:8-alpine", suffix="_next", **ours, **{"durapy.rollout": told}),
        foreign("redis:8-alpine", suffix="_next", **ours, **{"durapy.rollout": "{broken"}),
    ):
        rollouts.kill_and_start_deployer()
        wait_for(lambda: _serves(rig), "the deployer", limit_s=60)
        outcome = rollouts.run("restart")

    assert outcome["state"] == "done"
    assert rig.compose.inspect("redis")["State"]["StartedAt"] == redis["State"]["StartedAt"]


def _serves(rig: Rig) -> bool:
    services = rig.api("GET", "services")["services"]
    return any(s["service"] == "deployer" and s["up"] and s["state"] == "idle" for s in services)
