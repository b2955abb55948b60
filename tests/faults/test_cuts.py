"""A connection that breaks after any byte, of request or reply: nothing is lost or doubled."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from durapy_core.engines import Engine, EngineOptions, open_engine
from durapy_core.engines.base import COMMANDS, RECEIPTS, Progress
from durapy_core.engines.lead import Lead
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.receipt import RECEIPT
from tests.support.byte_proxy import ByteProxy, Way
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.redis, pytest.mark.e2e]

STEP = 1
"""Every so many bytes a cut is tried."""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(password="rig") as server:  # noqa: S106 (nobody else reaches it)
        yield server


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[ByteProxy]:
    with ByteProxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def engine(server: RedisServer, proxy: ByteProxy) -> Iterator[Engine]:
    url = server.tcp_url.replace(f":{server.port}/", f":{proxy.port}/")
    with open_engine(url, EngineOptions(send_timeout_s=20)) as engine:
        yield engine


@pytest.fixture
def lead(engine: Engine) -> Lead:
    found = engine.lead("rig", lease_s=600)
    assert found is not None
    return found


def cut_everywhere(
    proxy: ByteProxy, way: Way, act: Callable[[], None], say: Callable[[str], None]
) -> int:
    """Call `act` again and again, cut one byte later each time; return how many cuts there were.

    At first it is called without a cut, to see how long it is.
    """
    act()
    proxy.passed(way)
    act()
    length = proxy.passed(way)
    for after in range(0, length, STEP):
        proxy.cut(way, after=after)
        act()
        proxy.disarm()
    say(f"{proxy.cuts} cuts")
    return proxy.cuts


def read_all(engine: Engine, log: str) -> list[Entry]:
    found: list[Entry] = []
    after = START
    while more := engine.read(log, after=after, limit=1000):
        found += more
        after = Cursor(more[-1].key)
    return found


def account(sent: list[str], found: list[Entry], say: Callable[[str], None]) -> tuple[int, int]:
    """Return how many are lost and doubled, and say it."""
    times = Counter(entry.body for entry in found)
    lost = sum(1 for body in sent if not times[body])
    doubled = sum(each - 1 for each in times.values())
    say(f"{lost} lost, {doubled} doubled; {len(sent)} sent")
    return lost, doubled


@pytest.mark.parametrize("way", ["request", "reply"])
@pytest.mark.parametrize("size", [1, 3], ids=["one", "many"])
def test_a_send_that_is_cut_after_any_byte_is_stored_once(
    engine: Engine, lead: Lead, proxy: ByteProxy, way: Way, size: int, say: Callable[[str], None]
) -> None:
    sent: list[str] = []
    numbers = count()

    def send() -> None:
        new = [
            NewEntry(type="PING", body=f'{{"n":{next(numbers)}}}', sender="rig", cause="1-1", n=n)
            for n in range(1, size + 1)
        ]
        stored = lead.append_many(COMMANDS, new) if size > 1 else [lead.append(COMMANDS, new[0])]
        sent.extend(entry.body for entry in new)
        assert [entry.body for entry in stored] == [entry.body for entry in new]

    cuts = cut_everywhere(proxy, way, send, say)

    found = read_all(engine, COMMANDS)
    assert account(sent, found, say) == (0, 0)
    assert [entry.body for entry in found] == sent
    assert cuts >= len(sent) / size - 3 > 20


@pytest.mark.parametrize("way", ["request", "reply"])
def test_a_commit_that_is_cut_after_any_byte_is_written_once(
    engine: Engine, lead: Lead, proxy: ByteProxy, way: Way, say: Callable[[str], None]
) -> None:
    sent: list[str] = []
    numbers = count(1)

    def commit() -> None:
        number = next(numbers)
        body = f'{{"outcome":"done","wait_s":{number},"took_s":0}}'
        receipt = NewEntry(type=RECEIPT, body=body, sender="rig", cause=f"{number}-0")
        now = Progress(service="rig", cursor=Cursor(f"{number}-0"), receipts=(receipt,))
        lead.read(COMMANDS, after=Cursor("0-1"), commit=now)
        sent.append(body)
        kept = engine.load_progress("rig")
        assert kept is not None
        assert kept.cursor == now.cursor

    cuts = cut_everywhere(proxy, way, commit, say)

    found = read_all(engine, RECEIPTS)
    assert account(sent, found, say) == (0, 0)
    assert [entry.body for entry in found] == sent
    assert cuts > 20
