"""How the tests are dealt out to the processes that run them: what keeps together, what begins.

Most of the time goes by with waiting, for containers above all, so there are more processes than
cores (scripts/test). A process that is done with one group takes the next, in this file's order.
"""

from pathlib import PurePath
from typing import Final

ROLLOUTS: Final = "rollouts"
SESSIONS: Final = "sessions"
SYSTEMD: Final = "systemd"

TOGETHER: Final = {
    "tests/compose/test_rollout*.py": ROLLOUTS,
    "tests/compose/test_containers.py": SESSIONS,
    "tests/compose/test_deploy_page.py": SESSIONS,
    "tests/compose/test_session.py": SESSIONS,
    "tests/compose/test_users.py": SESSIONS,
    "tests/systemd/*.py": SYSTEMD,
}
"""Files that use one rig; every other file is a group of its own."""

FIRST: Final = (SESSIONS, ROLLOUTS, SYSTEMD, "compose/test_tutorial")
"""The longest ones, so that no process is left with one of them at the end."""

LAST: Final = ("browser/test_load",)
"""What measures while it runs, with nothing but the ends of others beside it."""


def group_of(file: PurePath) -> str:
    """Return the group of a file of tests, a path from the root of the checkout."""
    shared = (group for pattern, group in TOGETHER.items() if file.match(pattern))
    return next(shared, str(file.with_suffix("")).removeprefix("tests/"))


def place_of(group: str, *, browser_last: bool) -> int:
    """Return a number by which groups are sorted.

    The browser comes after all that starts containers where it has this computer's own network.
    """
    if group in FIRST:
        return FIRST.index(group)
    if group in LAST:
        return len(FIRST) + 2
    return len(FIRST) + (browser_last and group.startswith("browser/"))
