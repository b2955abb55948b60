"""Which code this process runs: the revision that statuses, images and `durapy version` show."""

import subprocess
from pathlib import Path
from typing import Final

from durapy_core.settings import Settings

UNKNOWN: Final = "unknown"

_GIT_TIMEOUT_S: Final = 5.0


def find_revision(settings: Settings) -> str:
    """Return the revision: the setting, else a file REVISION, else Git's; `unknown` if none.

    The file is looked for beside the package and in the working folder, where an image has it.
    Git answers with the short commit, and `-dirty` behind it if tracked files were changed.
    Never fails.
    """
    if settings.revision:
        return settings.revision
    folders = (Path(__file__).parents[1], Path.cwd())
    return _from_file(folders) or _from_git(folders) or UNKNOWN


def _from_file(folders: tuple[Path, ...]) -> str:
    for folder in folders:
        try:
            text = (folder / "REVISION").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return text.splitlines()[0]
    return ""


def _from_git(folders: tuple[Path, ...]) -> str:
    for folder in folders:
        if not (folder / ".git").exists():
            continue
        try:
            answer = subprocess.run(  # noqa: S603 (a fixed command)
                ["git", "-C", folder, "describe", "--always", "--dirty", "--exclude=*"],  # noqa: S607 (git is where the user has it)
                capture_output=True,
                check=True,
                text=True,
                timeout=_GIT_TIMEOUT_S,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return answer.stdout.strip()
    return ""
