"""A deployer that is killed at each step of a rollout, and what the next one makes of it."""

import pytest

from tests.support.compose import docker
from tests.support.docker_gate import DockerGate, Side
from tests.support.rollouts import RolloutRig
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("step", "state"),
    [("build", "failed"), ("standby", "failed"), ("switch", "any"), ("watch", "done")],
)
def test_a_rollout_whose_deployer_was_killed_is_finished_or_undone(
    rollouts: RolloutRig, checked: str, step: str, state: str
) -> None:
    if step == "switch":
        rollouts.run("rollout", revision=rollouts.branch("slow_to_end"), session=checked)
    before = wait_for(rollouts.revision, "the ponger")
    name = "import_hangs" if step == "standby" else f"killed-in-{step}"
    branch = rollouts.branch(name, slow_build=step == "build")
    key = rollouts.ask("rollout", revision=branch, session=checked)
    rollouts.reach(key, step)

    rollouts.kill_deployer()

    judge(rollouts, key, before, state)
    rollouts.let_end_quickly()


@pytest.mark.parametrize(
    ("step", "call", "side", "state"),
    [
        ("resolve", "GET /containers/", "request", "failed"),
        ("start", "POST /containers/create", "reply", "failed"),
        ("start", "POST /containers/[0-9a-f]+/start", "request", "failed"),
        ("switch", "POST /containers/[0-9a-f]+/stop", "reply", "done"),
        ("done", "DELETE /containers/", "request", "done"),
        ("done", "POST /containers/[0-9a-f]+/rename", "request", "done"),
    ],
)
def test_a_deployer_that_is_killed_in_a_call_to_docker_leaves_nothing_half_done(  # noqa: PLR0913, PLR0917 (a table)
    rollouts: RolloutRig,
    gate: DockerGate,
    checked: str,
    step: str,
    call: str,
    side: Side,
    state: str,
) -> None:
    before, branch = wait_for(rollouts.revision, "the ponger"), rollouts.branch("good")

    with gate.holding(call, side) as held:
        key = rollouts.ask("rollout", revision=branch, session=checked)
        if step == "resolve":
            rollouts.reach(key, step)
        assert held.wait(60), f"the deployer never made the call {call}"
        rollouts.kill_and_start_deployer()

    judge(rollouts, key, before, state)


def test_an_old_container_that_was_told_to_end_is_started_again_when_the_new_one_is_not_heard(
    rollouts: RolloutRig, checked: str
) -> None:
    rollouts.run("rollout", revision=rollouts.branch("slower_to_end"), session=checked)
    before = wait_for(rollouts.revision, "the ponger")
    key = rollouts.ask("rollout", revision=rollouts.branch("good"), session=checked)
    rollouts.reach(key, "switch")

    docker("pause", f"{rollouts.rig.compose.name}-ponger-1_next")
    rollouts.kill_and_start_deployer()
    outcome = rollouts.outcome(key)

    assert (outcome["state"], rollouts.steps(key)[-1]) == ("failed", "undone")
    assert "the old one runs again" in outcome["message"]
    rollouts.rig.await_pongs(rollouts.rig.newest(), 8)  # beyond its former end
    assert rollouts.revision() == before
    rollouts.let_end_quickly()


def judge(rollouts: RolloutRig, key: str, before: str, state: str) -> None:
    """Wait for the outcome, and for the revision that belongs to it."""
    outcome = rollouts.outcome(key)
    assert outcome["state"] == state or state == "any", outcome["message"]
    failed = outcome["state"] == "failed"
    wait_for(
        lambda: (running := rollouts.revision()) and (running == before) == failed,
        f"the revision that belongs to: {outcome['message']}",
    )
    if failed:
        rollouts.answers_within_5_s(key)
