"""What goes wrong in a new container that starts: how long it is waited for, and watched."""

from collections.abc import Iterator

import pytest

from tests.support.rollouts import RolloutRig

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", autouse=True)
def _limits(rollouts: RolloutRig) -> Iterator[None]:
    """Let the deployer watch long enough for all that is to go wrong, and not wait for long."""
    up = ("up", "--detach", "--wait", "deployer")
    rollouts.rig.compose.run(*up, environment={"TEST_WATCH_S": "6", "TEST_START_S": "10"})
    yield
    rollouts.rig.compose.run(*up)


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        ("crashes", "ended with exit code 3"),
        ("freezes", "fell silent"),
        ("turns_ill", "the new ponger is unhealthy"),
    ],
)
def test_what_fails_after_the_switch_is_undone_and_the_old_one_answers_within_5_seconds(
    rollouts: RolloutRig, checked: str, fate: str, reason: str
) -> None:
    outcome = rollouts.fail(fate, session=checked)

    assert reason in outcome["message"]
    assert "watch" in outcome["steps"]


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        ("import_hangs", "was not ready within 10 s"),
        ("device_hangs", "did not take over within 10 s"),
        ("never_healthy", "did not stay well within 16 s"),
    ],
)
def test_what_never_gets_ready_is_given_up_and_the_old_one_answers_within_5_seconds(
    rollouts: RolloutRig, checked: str, fate: str, reason: str
) -> None:
    assert reason in rollouts.fail(fate, session=checked)["message"]
