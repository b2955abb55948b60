from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fault_rig import FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import shared_store


@pytest.fixture
def sqlite_rig(tmp_path: Path) -> Iterator[FaultRig]:
    """A rig on SQLite."""
    with shared_store(f"sqlite:///{tmp_path}/rig.db", tmp_path) as shared:
        yield FaultRig(shared)


@pytest.fixture
def aof_server() -> Iterator[RedisServer]:
    """A Redis of the test's own that writes an append-only file."""
    with RedisServer(aof=True) as server:
        yield server


@pytest.fixture
def redis_rig(aof_server: RedisServer, tmp_path: Path) -> Iterator[FaultRig]:
    """A rig on Redis with its append-only file."""
    with shared_store(aof_server.unix_url, tmp_path) as shared:
        yield FaultRig(shared)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def rig(request: pytest.FixtureRequest) -> FaultRig:
    """A rig on each engine that several processes can share."""
    found = request.getfixturevalue(f"{request.param}_rig")
    assert isinstance(found, FaultRig)
    return found


@pytest.fixture
def times(request: pytest.FixtureRequest) -> int:
    """How much longer than usual a test is to go on: 10 with `--long`."""
    return 10 if request.config.getoption("--long") else 1
