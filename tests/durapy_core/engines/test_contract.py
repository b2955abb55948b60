"""The contract suite and the comparison with a list, on every engine of our own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from durapy_core.engines import open_engine as open_url
from durapy_core.engines.base import Engine, EngineOptions
from durapy_core.engines.redis_users import CONSOLE, SERVICE
from durapy_core.testing.engine_contract import (
    EngineContract,
    Opener,
    PageContract,
    SharedStoreContract,
    Store,
)
from durapy_core.testing.engine_model import check_against_a_list
from durapy_core.testing.lead_contract import LeadContract
from durapy_core.testing.upkeep_contract import SafeStateContract
from tests.support.redis_server import RedisServer
from tests.support.redis_users import RedisWithUsers

_NUMBERS = count()


class TestMemory(EngineContract):
    @pytest.fixture
    def store(self) -> Store:
        return lambda options: open_url("memory://", options)

    def test_it_behaves_like_a_list(self, engine: Engine) -> None:
        check_against_a_list(engine)


class TestSqlite(SharedStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return lambda options: open_url(f"sqlite:///{tmp_path}/commands.db", options)

    def test_it_behaves_like_a_list(self, engine: Engine) -> None:
        check_against_a_list(engine)


@pytest.mark.redis
class TestRedisOverTcp(SharedStoreContract):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> Store:
        return _in_new_namespace(redis_server.tcp_url)

    def test_it_behaves_like_a_list(self, engine: Engine) -> None:
        check_against_a_list(engine)


@pytest.mark.redis
class TestRedisOverUnixSocket(SharedStoreContract):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> Store:
        return _in_new_namespace(redis_server.unix_url)

    def test_it_behaves_like_a_list(self, engine: Engine) -> None:
        check_against_a_list(engine)


@pytest.mark.redis
class TestRedisAsTheConsole(SharedStoreContract):
    """The user of a rig's own Redis who may do most."""

    @pytest.fixture
    def store(self, redis_with_users: RedisWithUsers) -> Store:
        return _in_new_namespace(redis_with_users.url(CONSOLE))


@pytest.mark.redis
class TestRedisAsAService(PageContract, LeadContract, SafeStateContract):
    """The parts of the contract that need one log and its receipts, and no trimming."""

    @pytest.fixture
    def store(self, redis_with_users: RedisWithUsers) -> Store:
        return _in_new_namespace(redis_with_users.url(SERVICE))

    @pytest.fixture
    def rival(self, open_engine: Opener) -> Engine:
        return open_engine()


@pytest.fixture(scope="module")
def redis_with_users() -> Iterator[RedisWithUsers]:
    with RedisWithUsers() as server:
        yield server
        assert server.refusals() == []


def _in_new_namespace(url: str) -> Callable[[EngineOptions], Engine]:
    """Return what opens engines on a part of the server that no other test has used."""
    number = next(_NUMBERS)

    def open_one(options: EngineOptions) -> Engine:
        namespace = f"{options.namespace}.{number}"
        return open_url(url, EngineOptions(namespace=namespace))

    return open_one
