"""The experimenter's checkout as it is on disk, whatever is committed. It is only read."""

import hashlib
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from durapy_core.deploy.git_process import run_git

WORKING_TREE: Final = "@working-tree"
"""Names the checkout as it is on disk; no branch can be called so."""


class WorkingTree:
    """The files of the checkout at `repository`; `folder` is where Git may write."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self._repository = repository
        self._folder = folder

    def changed(self) -> str:
        """Return what sets the working tree apart from its commit; empty if nothing does."""
        said = self._git("status", "--porcelain=v1", "-z", "--untracked-files=all")
        if not said:
            return ""
        digest = hashlib.sha256(said.encode())
        for name in self._files():
            path = self._repository / name
            if path.is_file():
                digest.update(f"\0{name}\0{path.stat().st_mtime_ns}".encode())
        return digest.hexdigest()[:8]

    def branch(self) -> str:
        """Return the branch that the checkout is on; empty if it is on none."""
        return self._git("branch", "--show-current").strip()

    def read(self, path: str) -> str | None:
        """Return a text file, or None if there is no such file."""
        file = self._repository / path
        return file.read_text(encoding="utf-8") if file.is_file() else None

    @contextmanager
    def archive(self) -> Iterator[IO[bytes]]:
        """Give a tar of all its files, as a stream; see `Mirror.archive`."""
        with tempfile.TemporaryFile(dir=self._folder) as file:
            # The first header must be a file's: of an extended one, the engine sees no archive.
            with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
                for name in self._files():
                    path = self._repository / name
                    if path.is_file() or path.is_symlink():
                        tar.add(path, arcname=name, recursive=False, filter=_as_root)
            file.seek(0)
            yield file

    def _files(self) -> list[str]:
        options = ("--cached", "--others", "--exclude-standard", "-z")
        return sorted(set(filter(None, self._git("ls-files", *options).split("\0"))))

    def _git(self, *arguments: str) -> str:
        """Ask Git about the working tree, without running what its configuration may name."""
        quiet = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
        return run_git(["git", *quiet, "-C", str(self._repository), *arguments], self._folder)


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    return member
