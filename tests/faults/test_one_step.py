"""What a death may fall between: whoever looks at the store sees no half of a commit."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.support.fault_rig import LIMIT_S, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

RECORDS = 300

Sight = tuple[str, int]
"""The cursor of the service, and how many receipts there are, at one moment."""

_SQL = """
SELECT (SELECT cursor FROM progress WHERE service = 'triple'),
       (SELECT count(*) FROM entries JOIN logs ON logs.id = entries.log WHERE name = 'receipts')
"""


def halves_seen(rig: FaultRig, look: Callable[[], Sight]) -> list[Sight]:
    """Look again and again while a service handles a batch; return what does not fit together."""
    with rig.spawn() as process:
        wait_for(lambda: rig.leader([process]), "a leader", limit_s=LIMIT_S)
        rig.ask(RECORDS, for_s=0.002)
        seen: set[Sight] = set()
        wait_for(lambda: finished(look, seen), "every record", limit_s=LIMIT_S, every_s=0)
    compare = rig.shared.engine.compare
    assert len(seen) > RECORDS / 20

    return [
        (cursor, count)
        for cursor, count in seen
        if count != sum(compare(key, cursor) <= 0 for key in rig.keys)
    ]


def finished(look: Callable[[], Sight], seen: set[Sight]) -> bool:
    seen.add(sight := look())
    return sight[1] == RECORDS


@pytest.mark.redis
def test_progress_and_receipts_are_never_seen_apart(
    redis_rig: FaultRig, aof_server: RedisServer
) -> None:
    client = aof_server.client()

    def look() -> Sight:
        with client.pipeline(transaction=True) as both:
            both.hget("durapy:{durapy}:progress:triple", "cursor")
            both.xlen("durapy:{durapy}:receipts")
            cursor, count = both.execute()
        return cursor.decode(), count

    assert halves_seen(redis_rig, look) == []


def test_progress_and_receipts_are_never_seen_apart_on_sqlite(sqlite_rig: FaultRig) -> None:
    path = sqlite_rig.shared.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as reader:
        assert halves_seen(sqlite_rig, lambda: reader.execute(_SQL).fetchone()) == []
