"""Revisions of a checkout, each in a Git worktree with a virtual environment of its own.

The checkout is only read: it is fetched into a bare mirror, and worktrees belong to that. All of
it happens on the host of the checkout, by argument lists.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from durapy_core.deploy.base import Cancelled, Say
from durapy_core.deploy.changes import Changes, commit_of_line, file_of_row
from durapy_core.deploy.hosts import Host
from durapy_core.deploy.line_diff import DIFF, beginning, with_lines
from durapy_core.deploy.systemd_units import state_folder
from durapy_core.errors import DeployError

WEBSERVER: Final = "webserver"

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,199}")
_COMMIT: Final = re.compile(r"[0-9a-f]{4,40}")
_HEAD: Final = "refs/durapy/head"
_REFSPECS: Final = (
    "+refs/heads/*:refs/heads/*",
    "+refs/tags/*:refs/tags/*",
    "+refs/remotes/origin/*:refs/remotes/origin/*",
    f"+HEAD:{_HEAD}",
)
_FETCH_LIMIT_S: Final = 600.0
_MOST_FILES: Final = 200
_LAST_LINES: Final = 3


class Revisions:
    """The revisions of one checkout on one host.

    Attributes:
        checkout: its folder.
        state: the folder for what is made of it.
    """

    def __init__(self, host: Host, checkout: PurePosixPath) -> None:
        self.checkout = checkout
        self.state = state_folder(checkout)
        self._host = host
        self._mirror = self.state / "mirror.git"

    def fetch(self) -> None:
        """Bring what the checkout has into the mirror.

        Raises:
            DeployError: it is no repository.
        """
        self.must("git", "init", "--quiet", "--bare", str(self._mirror))
        options = ("--quiet", "--prune", "--no-write-fetch-head", "--end-of-options")
        done = self._host.run(
            *("git", "-C", str(self._mirror), "fetch", *options, str(self.checkout), *_REFSPECS),
            limit_s=_FETCH_LIMIT_S,
        )
        if done.code:
            raise DeployError(f"{self.checkout} cannot be fetched: {' '.join(done.err.split())}")

    def commit_of(self, name: str) -> str:
        """Return the full commit of a branch, tag or commit; empty: the checkout's own.

        Raises:
            DeployError: there is none, or the name is not one.
        """
        if not name:
            return self._find(_HEAD, self._mirror)
        if not _NAME.fullmatch(name) or ".." in name or "//" in name:
            raise DeployError(
                f"{name[:80]!a} is not the name of a revision; give a branch, a tag or a commit."
            )
        full = [f"refs/tags/{name}", f"refs/heads/{name}", f"refs/remotes/origin/{name}"]
        for each in [*full, *([name] if _COMMIT.fullmatch(name) else [])]:
            if found := self._find(each, self._mirror):
                return found
        raise DeployError(
            f'No branch, tag or commit is called "{name[:80]}" in {self.checkout}; commits that '
            "were only made elsewhere have to be fetched there first."
        )

    def commit_in(self, folder: PurePosixPath) -> str:
        """Return the commit that a folder is at.

        Raises:
            DeployError: it is no repository, or has no commit yet.
        """
        found = self._find("HEAD", folder)
        if not found:
            raise DeployError(f"{folder} has no commit yet.")
        return found

    def differs(self) -> bool:
        """Return whether files of the checkout differ from its commit."""
        return bool(self._git(self.checkout, "status", "--porcelain"))

    def must_hold(self, commit: str, service: str) -> None:
        """Return if a commit has a service, and speaks with systemd.

        Raises:
            DeployError: it lacks the one or the other.
        """
        webserver = service == WEBSERVER
        needed = "webserver/__main__.py" if webserver else f"services/{service}/service.py"
        for path, why in (
            (needed, f"has no {needed}"),
            ("durapy_core/notify.py", "is from before DuraPy spoke with systemd"),
        ):
            argv = ("git", "-C", str(self._mirror), "cat-file", "-e", f"{commit}:{path}")
            if self._host.run(*argv).code:
                raise DeployError(f"The revision {commit[:7]} {why}.")

    def build(self, service: str, commit: str, *, say: Say, cancelled: Cancelled) -> str:
        """Make the folder of a commit, with all that a service needs, and return it.

        Raises:
            DeployError: a step failed, or it was cancelled.
        """
        folder = self.state / "revisions" / commit[:12]
        self._make_worktree(folder, commit)
        steps = [[f"{folder}/scripts/venv"]]
        if service == WEBSERVER:
            self._copy_vendor(folder)
            steps.append([f"{folder}/scripts/vendor"])
        for argv in steps:
            self._step(argv, say, cancelled)
        needs = f"{folder}/services/{service}/requirements.txt"
        if self._host.run("test", "-f", needs).code == 0:
            self._step(self._installer(folder, needs), say, cancelled)
        return str(folder)

    def changes(self, base: str, target: str) -> Changes:
        """Return how commit `target` differs from commit `base`."""
        count = self._git(self._mirror, "rev-list", "--left-right", "--count", f"{base}...{target}")
        behind, ahead = map(int, count.split())
        form = "--format=%h%x00%an%x00%cI%x00%s"
        log = self._git(self._mirror, "log", "--max-count=50", form, f"{base}..{target}")
        stat = self._git(self._mirror, "diff", "--numstat", "-z", "--no-renames", base, target)
        files = [file_of_row(row) for row in stat.split("\0")[:_MOST_FILES] if row]

        def read(path: str) -> str:
            diff = ("--literal-pathspecs", "diff", *DIFF, base, target, "--", path)
            return beginning(self._git(self._mirror, *diff).encode())

        return Changes(
            ahead=ahead,
            behind=behind,
            commits=[commit_of_line(line) for line in log.splitlines()],
            files=with_lines(files, read),
        )

    def keep_only(self, used: set[str]) -> None:
        """Remove every revision whose folder has none of these names."""
        for name in sorted(set(self._host.run("ls", f"{self.state}/revisions").out.split()) - used):
            folder = f"{self.state}/revisions/{name}"
            self._host.run("git", "-C", str(self._mirror), "worktree", "remove", "--force", folder)

    def must(self, *argv: str) -> str:
        """Run a program that must succeed, and return what it printed.

        Raises:
            DeployError: it failed; the message holds what it said.
        """
        done = self._host.run(*argv)
        if done.code:
            said = " ".join(done.err.split())
            raise DeployError(f"`{argv[0]}` failed on {self._host.name}: {said}")
        return done.out

    def _make_worktree(self, folder: PurePosixPath, commit: str) -> None:
        if self._find("HEAD", folder) == commit and not self._git(folder, "status", "--porcelain"):
            return
        self.must("rm", "-rf", "--", str(folder))
        self._git(self._mirror, "worktree", "prune")
        self._git(self._mirror, "worktree", "add", "--quiet", "--detach", str(folder), commit)

    def _copy_vendor(self, folder: PurePosixPath) -> None:
        """Take the console's libraries from the checkout, as there may be no network."""
        static = "webserver/static"
        self._host.run("cp", "-R", f"{self.checkout}/{static}/vendor", f"{folder}/{static}/")

    def _installer(self, folder: PurePosixPath, needs: str) -> list[str]:
        python = f"{folder}/.venv/bin/python"
        if self._host.run(python, "-m", "pip", "--version").code == 0:
            return [python, "-m", "pip", "install", "--quiet", "--requirement", needs]
        return ["uv", "pip", "install", "--quiet", "--python", python, "--requirement", needs]

    def _step(self, argv: list[str], say: Say, cancelled: Cancelled) -> None:
        last: list[str] = []

        def hear(lines: Sequence[str]) -> None:
            last[:] = [*last, *lines][-_LAST_LINES:]
            say(lines)

        if self._host.stream(*argv, say=hear, cancelled=cancelled):
            raise DeployError(f"The build failed in {argv[0]}: {' '.join(last)}")

    def _find(self, name: str, repository: PurePosixPath) -> str:
        ask = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return self._host.run("git", "-C", str(repository), *ask).out.strip()

    def _git(self, repository: PurePosixPath, *arguments: str) -> str:
        return self.must("git", "-C", str(repository), *arguments)
