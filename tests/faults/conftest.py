"""The rigs that are hurt here, and what became of the records of each."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fault_rig import ACCOUNT, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.requirements import missing
from tests.support.service_process import shared_store
from tests.support.small_disk import SmallDisk


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what became of the records, at the end of the run."""

    def note(text: str) -> None:
        request.node.user_properties.append((ACCOUNT, text))

    return note


@pytest.fixture
def sqlite_rig(tmp_path: Path, say: Callable[[str], None]) -> Iterator[FaultRig]:
    """A rig on SQLite."""
    folder = tmp_path / "sqlite"
    folder.mkdir()
    with shared_store(f"sqlite:///{folder}/rig.db", folder) as shared:
        yield FaultRig(shared, say=lambda text: say(f"on SQLite: {text}"))


@pytest.fixture
def aof_server() -> Iterator[RedisServer]:
    """A Redis of the test's own that writes an append-only file, with a password as in Compose."""
    with RedisServer(aof=True, password="rig") as server:  # noqa: S106 (nobody else reaches it)
        yield server


@pytest.fixture
def redis_rig(
    aof_server: RedisServer, tmp_path: Path, say: Callable[[str], None]
) -> Iterator[FaultRig]:
    """A rig on Redis with its append-only file, over its Unix socket."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with shared_store(aof_server.unix_url, folder) as shared:
        yield FaultRig(shared, say=lambda text: say(f"on Redis: {text}"))


@pytest.fixture
def rigs(sqlite_rig: FaultRig, redis_rig: FaultRig) -> list[FaultRig]:
    """A rig on each engine that several processes can share."""
    return [sqlite_rig, redis_rig]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 16 MB that a test may fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder))
    mounted = subprocess.run(["mount", *options], check=False, capture_output=True, text=True)
    if mounted.returncode:
        missing("disk", f"only root may mount one ({mounted.stderr.strip()})")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def faketime() -> Path:
    """The library that steps the clock of one process."""
    found = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not found or shutil.which("faketime") is None:
        missing("faketime", "the Debian package faketime is not installed")
    return found[0]
