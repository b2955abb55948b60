"""Rollouts under systemd: worktrees, virtual environments, a successor unit, and the way back."""

import json
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.systemd_computer import SystemdComputer, SystemdRig
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.timeout(600)  # a rig is installed from nothing before the first

PONGER = "durapy@ponger.service"
NEXT = "durapy-next@ponger.service"
CHANGES = {
    "louder": ["s/\\[::-1\\]/[::-1].upper()/"],
    "broken": ["$ a import no_such_camera"],
    "dying": ["$ a import os\\nservice.on_start(lambda ctx: os._exit(7))"],
}
"""Branches of the checkout, and what sed does to services/ponger/service.py on each."""


@pytest.fixture(scope="module")
def commits(computer: SystemdComputer, rig: SystemdRig) -> dict[str, str]:
    """The short commits of branches that change ponger; the checkout stays on its own."""
    base, found = rig.git("branch", "--show-current"), {}
    for branch, (edit,) in CHANGES.items():
        rig.git("checkout", "--quiet", "-b", branch)
        computer.do("sed", "-i", edit, "services/ponger/service.py", user="ada", cwd=rig.folder)
        rig.git("commit", "--quiet", "--all", f"--message={branch}")
        found[branch] = rig.git("rev-parse", "--short=7", "HEAD")
        rig.git("checkout", "--quiet", base)
    return {**found, "checkout": rig.git("rev-parse", "--short=7", "HEAD")}


@pytest.fixture(autouse=True)
def from_the_checkout(rig: SystemdRig, commits: dict[str, str]) -> None:
    """Let ponger run from the checkout at the beginning of each test."""
    if rig.ps()["ponger"]["revision"] != commits["checkout"]:
        assert rig.durapy("rollout", "ponger", "--dirty").returncode == 0


def history(rig: SystemdRig, *arguments: str) -> list[dict[str, Any]]:
    said = rig.durapy("history", "--json", "--limit=500", *arguments).stdout
    return [json.loads(line) for line in said.splitlines()]


def successors(computer: SystemdComputer, rig: SystemdRig) -> str:
    """Return what is left of rollouts that are not over."""
    return computer.do("ls", f"{rig.folder}/.durapy/systemd/next").strip()


def test_in_a_session_a_service_moves_to_a_revision_and_back_and_no_ping_is_lost(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str]
) -> None:
    key = rig.durapy("send", "INITIATE_SESSION").stdout.split()[0]
    wait_for(lambda: history(rig, "--type", "PONG"), "pongs of the session")

    refused = rig.durapy("rollout", "ponger", "louder")
    there = rig.durapy("rollout", "ponger", "louder", "--session", key)
    ran = rig.ps()["ponger"]["revision"]
    back = rig.durapy("rollback", "ponger", "--session", key)

    rig.durapy("send", "END_SESSION")
    assert "is in the session" in refused.stderr
    assert (there.returncode, ran) == (0, commits["louder"]), there.stderr
    assert back.returncode == 0, back.stderr
    assert rig.ps()["ponger"]["revision"] == commits["checkout"]
    pings = [record["key"] for record in history(rig, "--type", "PING")]
    answered = [record["cause"] for record in history(rig, "--type", "PONG")]
    inside = pings[: len(pings) - 2]  # the last ones may have met the end of the session
    assert len(inside) > 20
    assert [answered.count(ping) for ping in inside] == [1] * len(inside)
    assert any(record["body"]["output_key"].isupper() for record in history(rig, "--type", "PONG"))
    assert computer.show(PONGER, "ActiveState") == "active"
    assert computer.show(NEXT, "ActiveState") == "inactive"


def test_a_revision_that_cannot_start_leaves_the_old_one_untouched(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str]
) -> None:
    before = computer.show(PONGER, "MainPID")

    done = rig.durapy("rollout", "ponger", "broken")

    assert done.returncode == 8
    assert "no_such_camera" in done.stderr
    assert "the old one was never touched" in done.stderr
    assert computer.show(PONGER, "MainPID") == before
    assert computer.show(NEXT, "ActiveState") != "active"
    assert successors(computer, rig) == ""


def test_a_revision_that_dies_once_it_leads_gives_way_to_the_old_one(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str]
) -> None:
    done = rig.durapy("rollout", "ponger", "dying")

    assert done.returncode == 8
    assert "the old one runs again" in done.stderr
    wait_for(lambda: rig.ps()["ponger"]["state"] == "idle", "the old one to lead")
    assert rig.ps()["ponger"]["revision"] == commits["checkout"]
    assert successors(computer, rig) == ""


def test_a_rollout_whose_server_is_killed_is_brought_to_an_end(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str]
) -> None:
    ended: list[subprocess.CompletedProcess[str]] = []
    asking = Thread(target=lambda: ended.append(rig.durapy("rollout", "ponger", "louder")))
    asking.start()
    wait_for(lambda: computer.show(NEXT, "ActiveState") == "active", "the successor", every_s=0.02)

    computer.do("kill", "-KILL", computer.show("durapy-operations.service", "MainPID"))

    asking.join(timeout=120)
    assert ended, "nobody answered the request"
    wait_for(lambda: successors(computer, rig) == "", "the rollout to be over", limit_s=60)
    wait_for(lambda: rig.ps()["ponger"]["state"] == "idle", "ponger to lead")
    ran = commits["louder"] if ended[0].returncode == 0 else commits["checkout"]
    assert rig.ps()["ponger"]["revision"] == ran
    assert computer.show(NEXT, "ActiveState") != "active"


def test_the_console_is_replaced_as_well(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str]
) -> None:
    done = rig.durapy("rollout", "webserver", "louder")

    assert (done.returncode, done.stderr) == (0, "")
    assert rig.ps()["webserver"]["revision"] == commits["louder"]
    assert computer.show("durapy-web.service", "ActiveState") == "active"
    assert rig.durapy("rollback", "webserver").returncode == 0
    assert rig.ps()["webserver"]["revision"] == commits["checkout"]


@pytest.mark.parametrize(
    "revision", ["--upload-pack=touch x", "../x", "$(touch x)", "a..b", "@{-1}", "HEAD~1", "x:y"]
)
def test_what_is_no_revision_is_refused(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str], revision: str
) -> None:
    done = rig.durapy("rollout", "ponger", "--", revision)

    assert done.returncode == 8
    assert "is not the name of a revision" in done.stderr


def test_a_revision_that_is_not_there_or_lacks_the_service_is_named(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str]
) -> None:
    unknown = rig.durapy("rollout", "ponger", "no-such-branch")
    lacking = rig.durapy("rollout", "supervisor")

    assert 'No branch, tag or commit is called "no-such-branch"' in unknown.stderr
    assert 'has no service called "supervisor"' in lacking.stderr


def test_the_checkout_itself_is_only_read(
    computer: SystemdComputer, rig: SystemdRig, commits: dict[str, str]
) -> None:
    rig.durapy("rollout", "ponger", "louder")

    assert rig.git("status", "--porcelain") == ""
    assert len(rig.git("worktree", "list").splitlines()) == 1
