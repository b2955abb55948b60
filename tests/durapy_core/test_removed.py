"""A log that another program has shortened, as on Redis whoever may append can do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from durapy_core import Context, Service
from durapy_core.catalog import encode
from durapy_core.engines import Engine, open_engine
from durapy_core.engines.base import COMMANDS, EngineOptions
from durapy_core.entry import START
from durapy_core.replica import Replica, ReplicaOptions
from tests.support.log_lines import logged
from tests.support.redis_server import RedisServer
from tests.support.vocabulary import HintCommand

pytestmark = pytest.mark.redis


class Rig:
    """A service on Redis that writes down the hints it hears, and somebody who shortens its log."""

    def __init__(self, server: RedisServer, engine: Engine, namespace: str) -> None:
        self.engine = engine
        self.heard: list[str] = []
        self.service = Service("rig")
        self.service.on(HintCommand)(self._hear)
        self._client = server.client()
        self._stream = f"durapy:{{{namespace}}}:commands"

    def _hear(self, command: HintCommand, _ctx: Context) -> None:
        self.heard.append(command.text)

    def hint(self, *texts: str) -> list[str]:
        entries = [encode(HintCommand(text=text)) for text in texts]
        return [entry.key for entry in self.engine.append_many(COMMANDS, entries)]

    def shorten(self, *, keep: int) -> None:
        self._client.xtrim(self._stream, maxlen=keep, approximate=False)

    def run(self, *meanwhile: str) -> tuple[Replica, list[str]]:
        """Run the service for a moment, and return it with what it said of missing records."""
        with logged() as lines:
            replica = Replica(self.service, self.engine, ReplicaOptions(lease_s=60))
            replica.startup(first=START)
            self.hint(*meanwhile)
            replica.turn(0)
            replica.shutdown()
        told = [line for line in lines if line["level"].name == "ERROR"]
        return replica, [line["message"].partition(":")[0] for line in told]


@pytest.fixture
def rig(redis_server: RedisServer, tmp_path: Path) -> Iterator[Rig]:
    with open_engine(redis_server.unix_url, EngineOptions(namespace=tmp_path.name)) as engine:
        yield Rig(redis_server, engine, tmp_path.name)


def test_records_that_another_program_removed_are_reported_once_as_missed(rig: Rig) -> None:
    (one,) = rig.hint("one")
    rig.run()
    *_, four = rig.hint("two", "three", "four")
    rig.shorten(keep=1)

    replica, told = rig.run()
    again, told_again = rig.run()

    assert rig.heard == ["one", "four"]
    assert told == ["records may have been missed"]
    assert replica.status().fault == (
        f"may have missed records after {one} up to {four}, where the log begins: "
        "another program removed them"
    )
    assert (told_again, again.status().fault) == ([], None)


def test_a_log_that_another_program_emptied_is_reported_once_and_what_comes_is_heard(
    rig: Rig,
) -> None:
    rig.hint("one")
    rig.run()
    rig.hint("two")
    rig.shorten(keep=0)

    replica, told = rig.run("three")
    _, told_again = rig.run()

    assert rig.heard == ["one", "three"]
    assert told == ["records may have been missed"]
    assert (replica.status().fault or "").endswith("its end: another program removed them")
    assert told_again == []


@pytest.mark.parametrize("keep", [0, 1])
def test_a_service_that_had_read_what_another_program_removed_has_missed_nothing(
    rig: Rig, keep: int
) -> None:
    rig.hint("one", "two", "three")
    rig.run()
    rig.shorten(keep=keep)

    replica, told = rig.run()

    assert rig.heard == ["one", "two", "three"]
    assert (told, replica.status().fault) == ([], None)


def test_what_the_janitor_removed_behind_a_service_is_no_gap(rig: Rig) -> None:
    rig.hint("one", "two")
    rig.run()
    rig.engine.trim(COMMANDS, keep=0)
    rig.hint("three")

    _, told = rig.run()

    assert (rig.heard, told) == (["one", "two", "three"], [])
