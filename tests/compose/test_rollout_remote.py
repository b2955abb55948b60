"""Revisions that only a server has: fetched although the deployer has no network."""

import pytest

from tests.support.compose import docker
from tests.support.docker_gate import DockerGate
from tests.support.git_remote import GitRemote
from tests.support.rig import Rig
from tests.support.rollouts import RolloutRig
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_branch_that_only_the_remote_has_is_listed_and_rolled_out(
    rollouts: RolloutRig, remote: GitRemote
) -> None:
    rig, before = rollouts.rig, wait_for(rollouts.revision, "the ponger")
    branch = rollouts.branch("on-the-server")
    remote.take(rig.folder, branch)

    fetched = rollouts.outcome(rig.api("POST", "deployment/fetch", json={})["operation"])
    refs = wait_for(lambda: _refs(rig, branch), "the branch among the revisions")
    outcome = rollouts.run("rollout", revision=branch)

    assert fetched["message"] == "fetched what the checkout and the remote have"
    assert len(refs) == 1
    assert (outcome["state"], outcome["message"]) == ("done", f"ponger runs {rollouts.revision()}")
    assert rollouts.revision() != before
    assert rig.compose.inspect("deployer")["HostConfig"]["NetworkMode"] == "none"
    assert not _helpers(rig), "its helper is gone"


def test_the_container_of_a_fetch_does_not_outlive_a_deployer_that_died(
    rollouts: RolloutRig, gate: DockerGate
) -> None:
    rig = rollouts.rig

    with gate.holding("POST /containers/[0-9a-f]+/start") as held:
        rig.api("POST", "deployment/fetch", json={})
        assert held.wait(30), "the deployer never started the container of a fetch"
        assert _helpers(rig)
        rollouts.kill_and_start_deployer()

    wait_for(lambda: not _helpers(rig), "the end of the helper")


def _helpers(rig: Rig) -> list[str]:
    named = f"name={rig.compose.name}-deployer-1-fetch"
    return docker("ps", "--all", "--quiet", "--filter", named).split()


def _refs(rig: Rig, branch: str) -> list[str]:
    refs = rig.api("GET", "deployment")["refs"]
    return [ref["commit"] for ref in refs if ref["name"] == branch]
