"""Rollouts on the real engine, in a session: the table of outcomes, and who is left in charge."""

import statistics
from collections.abc import Iterator

import pytest

from tests.support.compose import docker
from tests.support.rig import Json, Rig, answered_once
from tests.support.rollouts import PONGER, RolloutRig, at_s
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def rollouts(rig: Rig) -> RolloutRig:
    wait_for(lambda: rig.api("GET", "deployment")["head"], "the deployer's first look at the code")
    return RolloutRig(rig)


@pytest.fixture(scope="module")
def session(rollouts: RolloutRig) -> Iterator[Json]:
    """One session for all tests here: none of them may disturb it."""
    with rollouts.rig.session("rollouts") as begun:
        rollouts.rig.await_pongs(begun["key"], 1)
        yield begun


@pytest.fixture
def checked(rollouts: RolloutRig, session: Json) -> Iterator[str]:
    """Judge, after each test, what every rollout has to leave: all answered once, one container."""
    begun = rollouts.rig.since(session["key"])[-1]["key"]
    yield str(session["key"])
    rig = rollouts.rig
    rig.await_pongs(rig.since(session["key"])[-1]["key"], 2)
    asked = {ping["key"]: ping for ping in rig.pings(begun)}
    pongs = wait_for(lambda: _all_answered(rig, begun, asked), "a pong for every ping", limit_s=60)
    assert answered_once(list(asked.values()), [p for p in pongs if p["cause"] in asked])
    assert len(rollouts.containers()) == 1
    assert rollouts.containers()[0].endswith("-ponger-1")


def _all_answered(rig: Rig, begun: str, asked: dict[str, Json]) -> list[Json]:
    """Return the pongs since then, once every ping has one."""
    pongs = rig.pongs(begun)
    return pongs if asked.keys() <= {pong["cause"] for pong in pongs} else []


def test_a_good_rollout_in_a_session_runs_the_new_revision(
    rollouts: RolloutRig, checked: str
) -> None:
    before, branch = wait_for(rollouts.revision, "the ponger"), rollouts.branch("good")

    key = rollouts.ask("rollout", revision=branch, session=checked)
    outcome = rollouts.outcome(key)

    assert (outcome["state"], outcome["message"]) == ("done", f"ponger runs {rollouts.revision()}")
    assert outcome["by"].startswith("webserver:")
    assert rollouts.revision() != before
    steps = ["resolve", "build", "start", "standby", "switch", "watch", "done"]
    assert rollouts.steps(key) == steps
    lines = [line for news in rollouts.news(key) for line in news["lines"]]
    assert any("COPY services/ponger" in line for line in lines), "the build's lines are on record"


def test_compose_agrees_with_what_was_rolled_out(rollouts: RolloutRig, checked: str) -> None:
    rig, revision = rollouts.rig, rollouts.revision()
    before = rig.compose.inspect("ponger")

    rig.compose.run("up", "--detach", "--wait")
    after = rig.compose.inspect("ponger")
    rig.compose.run("restart", "ponger")

    assert after["Id"] == before["Id"], "`up -d` recreates nothing that was rolled out"
    assert after["State"]["StartedAt"] == before["State"]["StartedAt"]
    wait_for(lambda: rollouts.revision() == revision != "", "the ponger after its restart")


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        ("build_fails", "the build failed"),
        ("import_fails", "ended with exit code"),
        ("import_hangs", "was not ready within 10 s"),
        ("device_hangs", "did not take over within 10 s"),
        ("crashes", "ended with exit code 3"),
        ("freezes", "fell silent"),
    ],
)
def test_after_a_bad_rollout_the_old_one_answers_within_5_seconds(
    rollouts: RolloutRig, checked: str, fate: str, reason: str
) -> None:
    before, branch = wait_for(rollouts.revision, "the ponger"), rollouts.branch(fate)

    key = rollouts.ask("rollout", revision=branch, session=checked)
    outcome = rollouts.outcome(key)

    assert outcome["state"] == "failed"
    assert reason in outcome["message"]
    _answers_within_5_s(rollouts, key, checked)
    assert rollouts.revision() == before


def _answers_within_5_s(rollouts: RolloutRig, key: str, session: str) -> None:
    """Judge by the store's clock: from the failure to the first pong after it."""
    failed = next(n for n in rollouts.news(key) if n["step"] == "undone" or n["state"] == "failed")
    failed_s = at_s(failed, "at")
    first_s = wait_for(
        lambda: min(
            (s for p in rollouts.rig.pongs(session) if (s := at_s(p)) > failed_s), default=0
        ),
        "a pong after the failure",
    )
    assert first_s - failed_s < 5


def test_a_rollout_is_cancelled_while_it_is_built(rollouts: RolloutRig, checked: str) -> None:
    branch = rollouts.branch("slow-build", slow_build=True)
    key = rollouts.ask("rollout", revision=branch, session=checked)
    wait_for(lambda: "slow" in str(rollouts.news(key)), "the slow step of the build")

    rollouts.rig.api("POST", f"operations/{key}/cancel")
    outcome = rollouts.outcome(key)

    assert outcome["state"] == "failed"
    assert "cancelled by webserver:" in outcome["message"]


def test_while_one_rollout_is_under_way_a_second_one_is_refused_with_the_reason(
    rollouts: RolloutRig, checked: str
) -> None:
    branch = rollouts.branch("slow-build", slow_build=True)
    key = rollouts.ask("rollout", revision=branch, session=checked)
    rollouts.reach(key, "build")

    second = rollouts.run("rollout", revision=rollouts.branch("good"), session=checked)
    restart = rollouts.run("restart", session=checked)
    rollouts.rig.api("POST", f"operations/{key}/cancel")
    rollouts.outcome(key)

    assert second["state"] == restart["state"] == "failed"
    assert "ponger is being rolled out for webserver:" in second["message"]
    assert second["message"] == restart["message"]


def test_without_the_session_s_key_nothing_in_a_session_is_touched(
    rollouts: RolloutRig, checked: str
) -> None:
    before = rollouts.rig.compose.inspect("ponger")["State"]["StartedAt"]

    for verb in ("stop", "restart", "rollout", "rollback"):
        outcome = rollouts.run(verb, session="1-0")

        assert outcome["state"] == "failed"
        assert f'ponger is in the session "rollouts" ({checked})' in outcome["message"]
    assert rollouts.rig.compose.inspect("ponger")["State"]["StartedAt"] == before


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ("nowhere", 'No branch, tag or commit is called "nowhere"'),
        ("--upload-pack=touch /tmp/x", "is not the name of a revision"),
        ("../x", "is not the name of a revision"),
        ("$(x)", "is not the name of a revision"),
    ],
)
def test_what_is_no_revision_is_refused(
    rollouts: RolloutRig, checked: str, revision: str, reason: str
) -> None:
    outcome = rollouts.run("rollout", revision=revision, session=checked)

    assert (outcome["state"], reason in outcome["message"]) == ("failed", True)


def test_a_rollback_runs_the_revision_before_and_back_again(
    rollouts: RolloutRig, checked: str
) -> None:
    first = wait_for(rollouts.revision, "the ponger")
    rollouts.run("rollout", revision=rollouts.branch("good-too"), session=checked)
    second = rollouts.revision()

    rolled_back = rollouts.run("rollback", session=checked)
    back = rollouts.revision()
    rollouts.run("rollback", session=checked)

    assert first != second
    assert (rolled_back["state"], back) == ("done", first)
    assert rollouts.revision() == second


def test_the_working_tree_is_deployed_and_marked_and_its_image_s_loss_is_told(
    rollouts: RolloutRig, checked: str
) -> None:
    file = rollouts.rig.folder / PONGER
    kept = file.read_bytes()
    file.write_bytes(kept + b"\n# edited\n")
    dirty = rollouts.run("rollout", revision="@working-tree", session=checked)
    file.write_bytes(kept)

    assert dirty["state"] == "done", dirty["message"]
    assert rollouts.revision().endswith("-dirty")
    image = rollouts.rig.compose.inspect("ponger")["Config"]["Image"]
    rollouts.run("rollout", revision=rollouts.branch("good"), session=checked)
    docker("image", "rm", image)
    vanished = rollouts.run("rollback", session=checked)

    assert vanished["state"] == "failed"
    assert "has vanished" in vanished["message"]


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
    name = "slow_to_start" if step == "standby" else f"killed-in-{step}"
    branch = rollouts.branch(name, slow_build=step == "build")
    key = rollouts.ask("rollout", revision=branch, session=checked)
    rollouts.reach(key, step)

    rollouts.kill_deployer()
    outcome = rollouts.outcome(key)

    assert outcome["state"] == state or state == "any"
    wait_for(lambda: (rollouts.revision() == before) == (outcome["state"] == "failed"), "its end")
    if outcome["state"] == "failed":
        _answers_within_5_s(rollouts, key, checked)


def test_handling_pauses_for_a_moment_only_when_a_new_container_takes_over(
    rollouts: RolloutRig, checked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("good", "good-too"):
        outcome = rollouts.run("rollout", revision=rollouts.branch(name), session=checked)
        assert outcome["state"] == "done"
    gaps = []
    for _ in range(5):
        begun = rollouts.rig.since(checked)[-1]["key"]
        with rollouts.pinging():
            key = rollouts.ask("rollback", session=checked)
            assert rollouts.outcome(key)["state"] == "done"
        gaps.append(_longest_wait_s(rollouts, key, begun))

    p50_s = statistics.median(gaps)
    with capsys.disabled():
        print(f"\nhandling gap at the switch: {[f'{g * 1000:.0f} ms' for g in gaps]}")  # noqa: T201 (a measurement)
    assert p50_s < 1.5


def _longest_wait_s(rollouts: RolloutRig, key: str, begun: str) -> float:
    """Return the longest time from a ping to its pong, of the pings around the switch."""
    switch_s = next(at_s(n, "at") for n in rollouts.news(key) if n["step"] == "switch")
    pings = {p["key"]: at_s(p) for p in rollouts.rig.pings(begun)}
    near = {k: s for k, s in pings.items() if -0.5 < s - switch_s < 2}
    pongs = {p["cause"]: at_s(p) for p in rollouts.rig.pongs(begun)}
    return max(pongs[k] - s for k, s in near.items())


def test_a_rollout_of_all_goes_by_what_depends_on_what_and_the_deployer_comes_last(
    rollouts: RolloutRig, checked: str
) -> None:
    rig = rollouts.rig
    key = rig.api("POST", "deployment/rollout", json={"session": checked})["operation"]

    def told() -> Json:
        try:
            return rollouts.state(key)
        except (AssertionError, OSError):  # the console is replaced as well
            return {"state": "requested"}

    outcome = wait_for(
        lambda: s if (s := told())["state"] != "requested" else {}, "all", limit_s=120
    )

    assert outcome["state"] == "done"
    done = [n["message"] for n in rollouts.news(key) if n["step"] == "done"]
    assert done[-1].startswith("deployer runs")
    assert {d.split()[0] for d in done} == {"pinger", "ponger", "webserver", "deployer"}
    images = {n: rig.compose.inspect(n)["Config"]["Image"] for n in ("webserver", "deployer")}
    assert all(":" in image for image in images.values()), images
    rig.compose.run("up", "--detach", "--wait")
    assert rig.compose.inspect("deployer")["Config"]["Image"] == images["deployer"]


def test_a_service_waits_for_the_end_of_the_session_if_it_is_asked_to(rig: Rig) -> None:
    rollouts = RolloutRig(rig)
    with rig.session("queued"):
        before = rig.compose.inspect("ponger")["State"]["StartedAt"]
        key = rollouts.ask("restart", when="session_ends")
        rollouts.reach(key, "queued")
        assert rig.compose.inspect("ponger")["State"]["StartedAt"] == before

    assert rollouts.outcome(key)["state"] == "done"
    assert rig.compose.inspect("ponger")["State"]["StartedAt"] > before
