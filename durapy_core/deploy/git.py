"""Git: a bare mirror of the experimenter's checkout, asked by argument lists, never by a shell.

The checkout is only read. A revision is a branch, a tag or a commit; what could be taken for an
option, a path or a program is refused before Git sees it.
"""

import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from durapy_core.deploy.base import Revision
from durapy_core.deploy.changes import Changes, Ref, commit_of_line, file_of_row
from durapy_core.deploy.git_process import LIMIT_S, environment, run_git, variables, without_user
from durapy_core.deploy.line_diff import DIFF, READ_AT_MOST, beginning, with_lines
from durapy_core.deploy.working_tree import WORKING_TREE, WorkingTree
from durapy_core.errors import DeployError

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,199}")
_COMMIT: Final = re.compile(r"[0-9a-f]{4,40}")
_HERE: Final = ("/", ".", "file:")
_FETCH_LIMIT_S: Final = 600.0
_HEAD: Final = "refs/durapy/head"
_MOST_REFS: Final = 200
_MOST_COMMITS: Final = 50
_MOST_FILES: Final = 200

Run = Callable[[Sequence[str], Mapping[str, str]], None]
"""Carries a command out with these variables; a `DeployError` is what it said."""


class Mirror:
    """A bare copy in `folder` of the repository at `repository`, and of `remote` if that is set."""

    def __init__(self, repository: Path, folder: Path, *, remote: str = "") -> None:
        self._repository = repository
        self._folder = folder
        self.tree = WorkingTree(repository, folder)
        self.remote = remote
        self._lock = threading.Lock()
        self.fetched_s = float("-inf")
        """When it was fetched last, by this process's monotonic clock."""

    def fetch(self) -> None:
        """Bring what the checkout has into the mirror.

        Raises:
            DeployError: the checkout is no repository.
        """
        heads, tags = "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"
        with self._lock:
            self._prepare()
            self._fetch(str(self._repository), heads, tags, f"+HEAD:{_HEAD}")
            self.fetched_s = time.monotonic()

    def fetch_remote(self, run: Run | None = None) -> None:
        """Bring the remote's branches into the mirror, if there is a remote.

        `run` carries the command out where there is a network; without it, this process does. A
        remote on this computer needs none.

        Raises:
            DeployError: the remote does not answer, or refuses.
        """
        if not self.remote:
            return
        branches = "+refs/heads/*:refs/remotes/origin/*"
        self._prepare()
        if run is None or self.remote.startswith(_HERE):
            self._fetch(self.remote, branches)
        else:
            try:
                run(self._fetch_command(self.remote, branches), variables(self._folder))
            except DeployError as error:
                said = without_user(f"Git could not fetch {self.remote}: {error}")
                raise DeployError(said) from error
        self.fetched_s = time.monotonic()

    def resolve(self, name: str) -> Revision:
        """Return the commit that is meant; empty is what the checkout is on.

        Raises:
            DeployError: there is none, or the name is not one.
        """
        if name == WORKING_TREE:
            return Revision(
                commit=self._commit(_HEAD, "HEAD"),
                asked="working tree",
                changed=self.tree.changed(),
            )
        if not name or name == "HEAD":
            return Revision(commit=self._commit(_HEAD, "HEAD"), asked="HEAD")
        return Revision(commit=self.commit_of(name), asked=name)

    def is_of_checkout(self, name: str) -> bool:
        """Return whether the checkout has what is called so, as of the last fetch."""
        if name in ("", "HEAD", WORKING_TREE):
            return True
        if not _NAME.fullmatch(name):
            return True  # refused by whoever looks for it
        full = (f"refs/tags/{name}", f"refs/heads/{name}")
        return any(map(self._find, full)) or bool(_COMMIT.fullmatch(name) and self._find(name))

    def commit_of(self, name: str) -> str:
        """Return the full commit of a branch, tag or commit.

        Raises:
            DeployError: there is none, or the name is not one.
        """
        if not _NAME.fullmatch(name) or ".." in name or "//" in name:
            raise DeployError(
                f"{name[:80]!a} is not the name of a revision; give a branch, a tag or a commit."
            )
        for full in (f"refs/tags/{name}", f"refs/heads/{name}", f"refs/remotes/origin/{name}"):
            if found := self._find(full):
                return found
        found = self._find(name) if _COMMIT.fullmatch(name) else ""
        if not found:
            raise DeployError(
                f'No branch, tag or commit is called "{name[:80]}"; `durapy revisions` lists them. '
                "Commits that were only made elsewhere have to be fetched or pulled first."
            )
        return found

    def distance(self, base: str, target: str) -> tuple[int, int]:
        """Return how many commits only `target` has, and how many only `base`; both are commits."""
        said = self._git("rev-list", "--left-right", "--count", f"{base}...{target}")
        behind, ahead = map(int, said.split())
        return ahead, behind

    def refs(self) -> list[Ref]:
        """Return branches and tags, the latest first."""
        form = (
            "%(refname)%00%(objectname)%00%(*objectname)%00%(creatordate:iso-strict)%00%(subject)"
        )
        said = self._git(
            "for-each-ref",
            "--sort=-creatordate",
            f"--count={_MOST_REFS}",
            f"--format={form}",
            "refs/heads",
            "refs/tags",
            "refs/remotes/origin",
        )
        found: dict[str, Ref] = {}
        for line in said.splitlines():
            full, commit, tagged, at, subject = line.split("\0")
            name = re.sub(r"^refs/(heads|tags|remotes/origin)/", "", full)
            ref = Ref(name=name, commit=tagged or commit, at=at, subject=subject)
            found.setdefault(name, ref)
        return list(found.values())

    def changes(self, base: str, target: str) -> Changes:
        """Return how commit `target` differs from commit `base`."""
        ahead, behind = self.distance(base, target)
        log = self._git(
            "log",
            f"--max-count={_MOST_COMMITS}",
            "--format=%h%x00%an%x00%cI%x00%s",
            "--end-of-options",
            f"{base}..{target}",
        )
        stat = self._git(
            "diff", "--numstat", "-z", "--no-renames", "--end-of-options", base, target
        )
        files = [file_of_row(row) for row in stat.split("\0")[:_MOST_FILES] if row]
        return Changes(
            ahead=ahead,
            behind=behind,
            commits=[commit_of_line(line) for line in log.splitlines()],
            files=with_lines(files, lambda path: self._diff(base, target, path)),
        )

    def _diff(self, base: str, target: str, path: str) -> str:
        """Return the beginning of what differs in a file; the rest is never read."""
        command = [*self._command(), "--literal-pathspecs", "diff", *DIFF, base, target, "--", path]
        with subprocess.Popen(  # noqa: S603 (an argument list)
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(self._folder),
        ) as process:
            assert process.stdout is not None  # noqa: S101 (it was asked for)
            said = process.stdout.read(READ_AT_MOST)
            process.kill()
        return beginning(said)

    def read(self, revision: Revision, path: str) -> str | None:
        """Return a text file of a revision, or None if it has no such file."""
        if revision.changed:
            return self.tree.read(path)
        try:
            return self._git("cat-file", "blob", f"{revision.commit}:{path}")
        except DeployError:
            return None

    @contextmanager
    def archive(self, revision: Revision) -> Iterator[IO[bytes]]:
        """Give a tar of all files of a revision, as a stream.

        Files have the modes that a checkout has, so that a build finds what it has cached.
        """
        if revision.changed:
            with self.tree.archive() as stream:
                yield stream
            return
        command = [*self._command(), "-c", "tar.umask=0022", "archive", "--format=tar"]
        with subprocess.Popen(  # noqa: S603 (an argument list)
            [*command, revision.commit], stdout=subprocess.PIPE, env=environment(self._folder)
        ) as process:
            assert process.stdout is not None  # noqa: S101 (it was asked for)
            try:
                yield process.stdout
            finally:
                process.kill()

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "gitconfig").write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
        if not (self._folder / "HEAD").exists():
            self._run(["git", "init", "--quiet", "--bare", str(self._folder)])

    def _fetch(self, source: str, *refspecs: str) -> None:
        command = self._fetch_command(source, *refspecs)
        self._run(command, limit_s=_FETCH_LIMIT_S, doing=f"fetch {source}")

    def _fetch_command(self, source: str, *refspecs: str) -> list[str]:
        patience = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30")
        options = ("--quiet", "--prune", "--update-shallow", "--no-write-fetch-head")
        arguments = ("fetch", *options, "--end-of-options", source, *refspecs)
        return [*self._command(), *patience, *arguments]

    def _commit(self, name: str, shown: str) -> str:
        found = self._find(name)
        if not found:
            raise DeployError(f"The checkout has no {shown}; commit something first.")
        return found

    def _find(self, name: str) -> str:
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        try:
            return self._git(*arguments).strip()
        except DeployError:
            return ""

    def _command(self) -> list[str]:
        return ["git", "--git-dir", str(self._folder)]

    def _git(self, *arguments: str) -> str:
        return self._run([*self._command(), *arguments])

    def _run(self, command: list[str], *, limit_s: float = LIMIT_S, doing: str = "") -> str:
        return run_git(command, self._folder, limit_s=limit_s, doing=doing)
