"""Records that do harm: to their handler, or to the whole process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from durapy_core import Context, Service
from durapy_core.catalog import encode
from durapy_core.engines import Engine, open_engine
from durapy_core.engines.base import COMMANDS, RECEIPTS
from durapy_core.entry import START, Cursor, NewEntry
from durapy_core.ledger import BATCH
from durapy_core.receipt import Receipt
from durapy_core.status import ServiceState
from durapy_core.testing import ServiceHarness
from tests.support.at_once import at_once, do_at_once
from tests.support.fault_rig import LIMIT_S, FaultAskCommand, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import ServiceProcess, shared_store
from tests.support.vocabulary import HintCommand
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e


def test_a_record_that_kills_its_process_is_passed_over_after_three_times(
    tmp_path: Path, say: Callable[[str], None]
) -> None:
    def kill_at(position: int) -> None:
        folder = tmp_path / str(position)
        folder.mkdir()
        with shared_store(f"sqlite:///{folder}/rig.db", folder) as shared:
            is_passed_over(FaultRig(shared, say=say), position)

    do_at_once(kill_at, range(3))


def is_passed_over(rig: FaultRig, position: int) -> None:
    with rig.spawn() as first:
        wait_for(lambda: rig.leader([first]), "a leader", limit_s=LIMIT_S)
        first.terminate()
        assert first.exit_code() == 0
    rig.ask(position)
    (poison,) = rig.shared.send(FaultAskCommand(number=-2))
    rig.ask(2 - position)
    deaths = 0
    while poison not in {receipt.key for receipt in rig.receipts()}:
        assert deaths < 6
        with rig.spawn() as process:
            wait_for(
                lambda process=process: process.ended() or rig.leader([process]),  # type: ignore[misc]
                "an end or a lead",
                limit_s=LIMIT_S,
            )
            if process.ended():
                deaths += 1
            else:
                wait_for(lambda: process.ended() or passed(rig, poison), "the record to be passed")
                deaths += process.ended()
    with rig.spawn():
        rig.wait_until_handled()

    account = rig.account()
    (receipt,) = [receipt for receipt in rig.receipts() if receipt.key == poison]
    assert 3 <= deaths <= 4
    assert (str(receipt.outcome), receipt.text) == ("interrupted", "crashed 3 times")
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})


def passed(rig: FaultRig, key: str) -> bool:
    return key in {receipt.key for receipt in rig.receipts()}


@pytest.mark.redis
@at_once("rigs")
def test_a_handler_that_raises_each_time_ends_nothing_in_10_000_commands(rig: FaultRig) -> None:
    with rig.spawn() as process:
        wait_for(lambda: rig.leader([process]), "a leader", limit_s=LIMIT_S)
        rig.shared.send(*(FaultAskCommand(number=-1) for _ in range(10_000)))
        rig.ask()
        rig.wait_until_handled()

        outcomes = rig.account().outcomes
        assert outcomes == {"failed": 10_000, "done": 1}
        wait_for(lambda: counted(process), "the status to say so")
        status = process.status()
        assert status is not None
        assert status.state is ServiceState.IDLE


def counted(process: ServiceProcess) -> bool:
    status = process.status()
    return status is not None and (status.failed, status.handled) == (10_000, 1)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine that keeps what it is given."""
    url = f"sqlite:///{tmp_path}/rig.db"
    if request.param == "redis":
        server = request.getfixturevalue("aof_server")
        assert isinstance(server, RedisServer)
        url = server.unix_url
    with open_engine(url) as engine:
        yield engine


@pytest.mark.parametrize(
    ("poison", "outcome"),
    [
        (NewEntry(type="TEST_HINT", body='{"text":'), "invalid"),
        (encode(HintCommand(text="raise")), "failed"),
    ],
    ids=["cannot be read", "makes its handler raise"],
)
def test_a_poison_record_at_any_place_of_a_batch_harms_no_other(
    engine: Engine, poison: NewEntry, outcome: str, say: Callable[[str], None]
) -> None:
    heard: list[str] = []
    service = Service("rig")

    @service.on(HintCommand)
    def hear(hint: HintCommand, ctx: Context) -> None:
        if hint.text == "raise":
            raise ValueError("as asked")
        heard.append(hint.text)

    said: list[Receipt] = []
    after = START
    with ServiceHarness(service, engine=engine, raises=False) as rig:
        for place in range(BATCH):
            texts = [f"{place}/{i}" for i in range(BATCH - 1)]
            batch = [encode(HintCommand(text=text)) for text in texts]
            batch.insert(place, poison)
            keys = [entry.key for entry in engine.append_many(COMMANDS, batch)]
            rig.run_until_idle()

            entries = engine.read(RECEIPTS, after=after, limit=2 * BATCH)
            after = Cursor(entries[-1].key)
            receipts = [Receipt.from_entry(entry) for entry in entries]
            expected = ["done"] * BATCH
            expected[place] = outcome
            assert heard == texts
            assert [receipt.key for receipt in receipts] == keys
            assert [str(receipt.outcome) for receipt in receipts] == expected
            heard.clear()
            said += receipts
    say(f"{len(said):,} records, {BATCH} of them {outcome}")
