"""One supervisor per data folder: two would run every service twice."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from durapy_core.errors import DeployError


@contextmanager
def hold(folder: Path) -> Iterator[int]:
    """Hold the folder's lock and give its file descriptor.

    A child that keeps the descriptor open holds the lock as well, so the folder stays taken until
    the last one has ended, even if the supervisor was killed.

    Raises:
        DeployError: somebody else holds it; the message says who.
    """
    descriptor = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeployError(_refusal(folder, os.pread(descriptor, 32, 0))) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _refusal(folder: Path, content: bytes) -> str:
    with suppress(ValueError, ProcessLookupError, PermissionError):
        pid = int(content)
        os.kill(pid, 0)
        return (
            f"`durapy up` runs already in {folder.absolute()} (process {pid}); stop it with "
            "Ctrl-C there, or set DURAPY_DATA_DIR to another folder."
        )
    return (
        f"Services of an earlier `durapy up` in {folder.absolute()} have not ended yet; try again "
        "in a moment, or end them: `ps x | grep durapy_core` shows them."
    )
