"""A fresh clone of what is being tested, as a user would have it: committed, and nothing else."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")


def clone(target: Path, *only: str) -> Path:
    """Copy the checkout's files (or only those named) to `target`, as one commit.

    Changes that are not committed yet are part of it; what .gitignore names is not.
    """
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *only)
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())
            (target / name).chmod(source.stat().st_mode)
    git(target, "init", "--quiet")
    commit(target)
    return target


def commit(repository: Path) -> str:
    """Commit all that is there and return the short id."""
    git(repository, "add", "--all")
    git(repository, *_IDENTITY, "commit", "--quiet", "--allow-empty", "--message=State")
    return head(repository)


def head(repository: Path) -> str:
    """Return the short id of the commit."""
    return git(repository, "rev-parse", "--short=7", "HEAD").strip()


def git(repository: Path, *arguments: str) -> str:
    """Run one Git command there and return what it printed."""
    done = subprocess.run(
        ["git", "-C", repository, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout
