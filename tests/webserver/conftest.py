"""A console on a memory engine on which one service publishes PING."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from durapy_core.catalog import Role
from durapy_core.engines.memory import MemoryEngine
from tests.support.console import Console, beat, publish, run_console


@pytest.fixture
def engine() -> Iterator[MemoryEngine]:
    with MemoryEngine() as engine:
        publish(engine, "ponger", Role.HANDLES)
        beat(engine, "ponger")
        yield engine


@pytest.fixture
def console(engine: MemoryEngine, tmp_path: Path) -> Iterator[Console]:
    with run_console(engine, tmp_path) as console:
        yield console
