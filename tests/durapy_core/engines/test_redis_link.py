"""One connection to Redis: what was left of an earlier try does it no harm."""

import gc

import pytest

from durapy_core.engines.redis_link import Link
from durapy_core.engines.redis_server import Lost, Server
from durapy_core.engines.redis_url import parse_address
from durapy_core.engines.redis_wire import pack
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis


def test_a_try_that_failed_takes_nothing_from_the_connection_that_followed() -> None:
    with RedisServer() as redis:
        link = Link(Server(parse_address(redis.unix_url, password=None)))
        redis.kill()
        with pytest.raises(Lost) as failed:
            link.ensure()
        redis.start()
        link.ensure()

        del failed  # the last that holds the first connection
        gc.collect()

        assert link.call(pack("PING")) == b"PONG"
        link.drop()
