"""What goes wrong only once a new container leads, and is noticed while it is watched."""

from collections.abc import Iterator

import pytest

from tests.support.rollouts import RolloutRig

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", autouse=True)
def _watched_for_4_s(rollouts: RolloutRig) -> Iterator[None]:
    """Let the deployer watch long enough for all that is to go wrong."""
    up = ("up", "--detach", "--wait", "--no-deps", "deployer")
    rollouts.rig.compose.run(*up, environment={"TEST_WATCH_S": "4"})
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
