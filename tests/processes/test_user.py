"""`durapy user`: the password is asked for, and shows nowhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from durapy_core.exit_codes import ExitCode
from durapy_core.settings import child_environment
from durapy_core.users import Users

PASSWORD = "correct horse battery"  # noqa: S105 (of the test's own user)
ROOT = Path(__file__).parents[2]


def durapy_user(data: Path, *arguments: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "durapy_core", "user", *arguments],
        cwd=ROOT,
        env=child_environment(DURAPY_DATA_DIR=str(data)),
        input=answers,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # without a terminal, it reads the password from its input
    )


def test_a_user_is_added_listed_and_removed(tmp_path: Path) -> None:
    added = durapy_user(tmp_path, "add", "ada", answers=f"{PASSWORD}\n{PASSWORD}\n")
    listed = durapy_user(tmp_path, "list")
    right = Users(tmp_path / "users").check("ada", PASSWORD)
    removed = durapy_user(tmp_path, "remove", "ada")

    assert (added.returncode, listed.stdout, right) == (0, "ada\n", True), added.stderr
    assert PASSWORD not in added.stdout + added.stderr
    assert removed.returncode == 0
    assert durapy_user(tmp_path, "list").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "answers", "code", "says"),
    [
        (("add", "Ada"), f"{PASSWORD}\n{PASSWORD}\n", ExitCode.SETTINGS, "'Ada' cannot be"),
        (("add", "api"), f"{PASSWORD}\n{PASSWORD}\n", ExitCode.SETTINGS, "'api' cannot be"),
        (("add", "ada"), "short\nshort\n", ExitCode.SETTINGS, "too short"),
        (("add",), "", ExitCode.USAGE, "durapy user add NAME"),
        (("remove", "bob"), "", ExitCode.SETTINGS, "No user is called 'bob'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], answers: str, code: int, says: str
) -> None:
    done = durapy_user(tmp_path, *arguments, answers=answers)

    assert done.returncode == code
    assert says in " ".join(done.stderr.split())
    assert not (tmp_path / "users").exists()
