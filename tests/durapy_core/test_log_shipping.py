"""Log lines in the store: all of them, in order, at hardly a cost to whoever logs."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from durapy_core.command import Command
from durapy_core.context import Context
from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS, LOGS, Engine
from durapy_core.entry import NewEntry
from durapy_core.log import configure
from durapy_core.log_entry import line_json
from durapy_core.log_shipping import LogShipper, make_shipper
from durapy_core.service import Service
from durapy_core.settings import Settings
from durapy_core.store import open_store
from durapy_core.testing import ServiceHarness
from tests.support.fickle_engine import FickleEngine
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

Json = dict[str, Any]


class PokeCommand(Command):
    pass


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Leave logging as it was."""
    yield
    logger.remove()
    logger.configure(extra={})


def settings_of(**given: Any) -> Settings:
    return Settings(**{"log_format": "json", "engine": "memory://", **given})


def lines_of(engine: Engine) -> list[Json]:
    return [line_json(entry) for entry in reversed(engine.page(LOGS, limit=100_000))]


def shipped(log: Callable[[], object], **given: Any) -> list[Json]:
    """Return what is in the store after `log` was called and logging was stopped."""
    engine = open_engine("memory://")
    settings = settings_of(**given)
    shipper = make_shipper(settings)
    shipper.share(engine)
    configure(settings, service="rig", replica="r1", stream=io.StringIO(), tee=shipper)
    log()
    logger.remove()
    return lines_of(engine)


def test_a_line_is_kept_with_everything_that_is_known_of_it() -> None:
    def log() -> None:
        try:
            raise ValueError("µ")  # noqa: TRY301 (the example)
        except ValueError:
            logger.bind(key="7-0").exception("reward {n}", n=3, path=Path("/x"))

    [line] = shipped(log)

    assert line.pop("time").endswith("Z")
    assert "test_log_shipping.py" in line["exception"]
    assert line.pop("exception").endswith("ValueError: µ")
    assert line == {
        "key": "1",
        "level": "ERROR",
        "service": "rig",
        "replica": "r1",
        "record": "7-0",
        "message": "reward 3",
        "fields": {"n": 3, "path": "/x"},
    }


def test_a_line_carries_the_record_that_its_thread_handles() -> None:
    service = Service("rig")

    @service.on(PokeCommand)
    def poke(_command: PokeCommand, _ctx: Context) -> None:
        logger.info("poked")  # plain loguru: nobody types the key

    def run() -> None:
        with ServiceHarness(service) as harness:
            keys.append(harness.send(PokeCommand()).key)
            harness.run_until_idle()
            logger.info("between")

    keys: list[str] = []
    records = {line["message"]: line["record"] for line in shipped(run)}

    assert records["poked"] == keys[0]
    assert records["between"] is None


def test_secrets_are_hidden_in_the_store_as_well() -> None:
    hidden = 'tok"en-µ'
    [line] = shipped(lambda: logger.info("it is " + hidden, also=hidden), token=hidden)

    assert (line["message"], line["fields"]) == ("it is ***", {"also": "***"})


def test_its_level_is_a_setting_of_its_own() -> None:
    def log() -> None:
        logger.debug("detail")
        logger.warning("careful")

    quiet = shipped(log, log_ship_level="warning", log_level="DEBUG")
    loud = shipped(log, log_ship_level="debug", log_level="ERROR")

    assert [line["message"] for line in quiet] == ["careful"]
    assert [line["message"] for line in loud] == ["detail", "careful"]


def test_anything_that_can_be_logged_can_be_kept() -> None:
    loop: Json = {}
    loop["self"] = loop
    odd: list[Json] = [
        {"value": object()},
        {"value": loop},
        {"value": {(1, 2): 3}},
        {"value": "\ud800 half of a pair"},
        {"key": "\ud800 no key at all"},
        {"key": 7},
        {"value": "x" * 1_000_000},
    ]

    lines = shipped(lambda: [logger.info("odd", **fields) for fields in odd])

    assert [line["message"] for line in lines] == ["odd"] * len(odd)
    assert lines[3]["fields"] == {"value": "? half of a pair"}
    assert "left_out" in lines[6]["fields"]


def test_a_line_that_a_foreign_program_wrote_is_shown_as_far_as_it_can_be_read() -> None:
    engine = open_engine("memory://")
    for body in ('{"message": "from MATLAB"}', "no JSON", "[1]", '{"message": 3, "fields": 4}'):
        engine.append(LOGS, NewEntry(type="NOTICE", body=body, sender="matlab"))

    lines = lines_of(engine)

    assert [line["message"] for line in lines] == ["from MATLAB", "no JSON", "[1]", "3"]
    assert {(line["level"], line["service"]) for line in lines} == {("INFO", "matlab")}


def test_while_the_store_is_away_the_newest_lines_are_kept_and_the_rest_is_counted() -> None:
    engine = FickleEngine()
    engine.away = True
    shipper = LogShipper(None, limit=10)
    shipper.share(engine)
    configure(settings_of(), service="rig", stream=io.StringIO(), tee=shipper)
    logger.info("0")
    assert engine.refused.wait(10)  # line 0 is in hand
    for number in range(1, 26):
        logger.info(str(number))
    engine.away = False
    wait_for(lambda: len(lines_of(engine)) == 12, "the lines that are left")

    said = "15 log lines were dropped: the store did not take them in time"
    messages = [line["message"] for line in lines_of(engine)]
    assert messages == ["0", said, *(str(number) for number in range(16, 26))]


class ComplainingEngine(FickleEngine):
    """Logs each time it is away, as the real ones do."""

    def _check_link(self) -> None:
        if self.away:
            logger.warning("the store is away")
        super()._check_link()


def test_what_the_shipping_itself_logs_is_not_shipped() -> None:
    engine = ComplainingEngine()
    engine.away, engine.back_after = True, 1
    shipper = LogShipper(None)
    shipper.share(engine)
    stream = io.StringIO()
    configure(settings_of(), service="rig", stream=stream, tee=shipper)
    logger.info("once")
    wait_for(lambda: lines_of(engine), "the line")
    logger.remove()

    assert [line["message"] for line in lines_of(engine)] == ["once"]
    assert "the store is away" in stream.getvalue()


def test_a_store_that_is_away_keeps_nobody_waiting_and_the_cost_is_small(
    capsys: pytest.CaptureFixture[str],
) -> None:
    count = 5_000

    def cost_us(shipper: LogShipper | None) -> float:
        configure(settings_of(), service="rig", stream=io.StringIO(), tee=shipper)
        log = logger.bind(key="7-0")
        begun = time.thread_time()
        for number in range(count):
            log.info("handled {n}", n=number)
        took_us = (time.thread_time() - begun) / count * 1e6
        logger.remove()
        return took_us

    def shipper_to(engine: Engine) -> LogShipper:
        shipper = LogShipper(None)
        shipper.share(engine)
        return shipper

    away = FickleEngine()
    away.away = True
    plain, up, down = zip(
        *(
            (cost_us(None), cost_us(shipper_to(FickleEngine())), cost_us(shipper_to(away)))
            for _ in "abc"
        ),
        strict=True,
    )
    with capsys.disabled():
        print(  # noqa: T201 (a measured figure)
            f"\nCPU of a logged line on the thread that logs: {min(plain):.1f} µs to stdout only, "
            f"{min(up):.1f} µs with shipping, {min(down):.1f} µs while the store is away"
        )

    assert len(lines_of(away)) == 0
    assert min(down) < 10 * min(plain)


def test_shipping_goes_on_behind_a_store_that_was_not_there_yet(tmp_path: Path) -> None:
    settings = settings_of(engine=f"sqlite:///{tmp_path}/later/commands.db")
    configure(settings, service="rig", stream=io.StringIO(), tee=make_shipper(settings))
    logger.info("early")
    (tmp_path / "later").mkdir()
    with open_store(settings) as engine:
        wait_for(lambda: lines_of(engine), "the line")

        assert [line["message"] for line in lines_of(engine)] == ["early"]


@pytest.mark.redis
def test_no_line_is_lost_or_doubled_when_redis_is_killed_and_comes_back() -> None:
    with RedisServer(aof=True) as server:
        settings = settings_of(engine=server.unix_url)
        configure(settings, service="rig", stream=io.StringIO(), tee=make_shipper(settings))
        with open_store(settings) as engine:
            for number in range(3_000):
                logger.info("{n}", n=number)
                if number == 1_000:
                    wait_for(lambda: lines_of(engine), "the first lines")
                    server.kill()
                if number == 2_000:
                    server.start()
            wait_for(lambda: len(lines_of(engine)) >= 3_000, "all lines")
            logger.remove()
            ours = [line["fields"]["n"] for line in lines_of(engine) if "n" in line["fields"]]

            assert ours == list(range(3_000))
            assert engine.end(COMMANDS) == ""
