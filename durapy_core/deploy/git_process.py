"""Running Git: with argument lists, asking nobody anything, errors on one line."""

import re
import subprocess
from pathlib import Path
from typing import Final

from durapy_core.errors import DeployError
from durapy_core.settings import child_environment

LIMIT_S: Final = 60.0
_USER: Final = re.compile(r"://[^/@\s]+@")


def run_git(command: list[str], folder: Path, *, limit_s: float = LIMIT_S, doing: str = "") -> str:
    """Return what a command of Git prints; `folder` holds its configuration.

    Raises:
        DeployError: it failed, or took longer than `limit_s` seconds.
    """
    try:
        done = subprocess.run(  # noqa: S603 (an argument list)
            command, capture_output=True, check=False, env=environment(folder), timeout=limit_s
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeployError(without_user(f"Git did not answer: {error}.")) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        what = doing or command[-1][:80]
        raise DeployError(without_user(f"Git could not {what}: {said[0]}"))
    return done.stdout.decode(errors="replace")


def environment(folder: Path) -> dict[str, str]:
    """Return the whole environment of a Git whose configuration is in `folder`."""
    return child_environment(**variables(folder))


def variables(folder: Path) -> dict[str, str]:
    """Return what that environment has beside what every child process is given."""
    return {
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": "file:http:https:ssh",
        "HOME": str(folder),
        "LC_ALL": "C",
    }


def without_user(said: str) -> str:
    """Return a message without the name and the password that an address may hold."""
    return _USER.sub("://", said)
