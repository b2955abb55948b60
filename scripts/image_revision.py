"""Print the revision of a build context: `abc1234`, `abc1234-dirty`, or `unknown`.

Runs in a throw-away stage of Dockerfile.base, for a plain `docker compose up` tells a build nothing
of Git. Dulwich reads the repository because the base image has no git. Usage:

    image_revision.py CONTEXT
"""

import sys
from pathlib import Path

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.repo import Repo

LENGTH = 7


def from_repository(context: Path) -> str:
    """Return what `git describe --always --dirty` says; empty without a repository or a commit."""
    try:
        repository = Repo(context)
        commit = repository.head().decode()[:LENGTH]
    except (NotGitRepository, KeyError, OSError):
        return ""  # an archive, a linked worktree, or nothing committed yet
    try:
        status = porcelain.status(repository, untracked_files="no")
    except Exception as error:  # noqa: BLE001 (whatever it is, the build goes on and says so)
        print(f"cannot tell whether the files were changed: {error!r}", file=sys.stderr)  # noqa: T201
        return f"{commit}+unknown"
    return f"{commit}-dirty" if any(status.staged.values()) or status.unstaged else commit


def from_archive(context: Path) -> str:
    """Return the commit that `git archive` wrote into the context; empty if none did."""
    try:
        text = (context / ".git_archival.txt").read_text(encoding="utf-8")
    except OSError:
        return ""
    commit = text.removeprefix("revision:").strip()
    return "" if commit.startswith("$") else commit[:LENGTH]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(from_repository(folder) or from_archive(folder) or "unknown")  # noqa: T201
