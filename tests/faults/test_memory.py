"""A service that runs for long, while its history is trimmed: neither it nor the store grows."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from durapy_core.engines.base import COMMANDS, RECEIPTS
from durapy_core.entry import Cursor
from durapy_core.janitor import Janitor
from durapy_core.settings import Settings
from services.commands import InitiateSessionCommand, PingCommand
from tests.support.checkout import ROOT
from tests.support.redis_server import RedisServer
from tests.support.service_process import ServiceProcess, Shared, shared_store
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from durapy_core.command import Command

pytestmark = [pytest.mark.e2e, pytest.mark.redis]

KEPT: Final = 10_000
CHUNK: Final = 2_000
AHEAD: Final = 3
"""So many chunks are sent before the service has to be done with the first of them."""

MOST_GROWTH_KB: Final = 4_000
LIMIT_S: Final = 120


@pytest.mark.parametrize(
    "total", [100_000, pytest.param(1_000_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
def test_over_many_commands_neither_the_service_nor_the_store_grows(
    redis_server: RedisServer, tmp_path: Path, total: int
) -> None:
    limits = Settings(keep_commands=KEPT, keep_receipts=KEPT)
    with (
        shared_store(redis_server.unix_url, tmp_path, f"memory-{total}") as shared,
        shared.start("ponger", ROOT / "services") as ponger,
        Janitor(shared.engine, limits, every_s=0.5),
    ):
        shared.send(InitiateSessionCommand(prefix="k"))
        send(shared, total // 5)
        before_kb, store_kb = resident_kb(ponger), used_kb(redis_server)

        send(shared, total - total // 5)

        grown_kb = resident_kb(ponger) - before_kb
        store_grown_kb = used_kb(redis_server) - store_kb
        status = wait_for(
            lambda: (said := ponger.status()) and said.handled > total and said,
            "the service to say that it handled all",
            limit_s=LIMIT_S,
        )
        print(  # noqa: T201 (the figures are what one runs this for)
            f"\n{total:,} commands: the service {before_kb / 1000:.1f} MB {grown_kb / 1000:+.1f}, "
            f"the store {store_kb / 1000:.1f} MB {store_grown_kb / 1000:+.1f}"
        )
        assert status
        assert (status.handled, status.failed) == (total + 1, 0)
        assert grown_kb < MOST_GROWTH_KB
        assert store_grown_kb < store_kb / 2
        for log in (COMMANDS, RECEIPTS):
            wait_for(partial(is_short, shared, log), f"{log} to be short", limit_s=LIMIT_S)


def is_short(shared: Shared, log: str) -> bool:
    return len(shared.engine.page(log, limit=KEPT * 2)) == KEPT


def send(shared: Shared, count: int) -> None:
    """Send so many pings, no faster than the service hears them, and wait for the last."""
    sent: list[str] = []
    for start in range(0, count, CHUNK):
        chunk: list[Command] = [PingCommand(key=f"k{start + n}") for n in range(CHUNK)]
        sent.append(shared.send(*chunk)[-1])
        if len(sent) > AHEAD:
            wait_until_read(shared, sent[-AHEAD])
    wait_until_read(shared, sent[-1])


def wait_until_read(shared: Shared, key: str) -> None:
    def is_read() -> bool:
        progress = shared.engine.load_progress("ponger")
        return progress is not None and shared.engine.compare(progress.cursor, Cursor(key)) >= 0

    wait_for(is_read, f"the service to read {key}", limit_s=LIMIT_S, every_s=0.005)


def resident_kb(process: ServiceProcess) -> int:
    """Return how much memory a process has, in kilobytes."""
    status = process.status()
    assert status is not None
    lines = Path(f"/proc/{status.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def used_kb(server: RedisServer) -> int:
    """Return how much memory the store's data takes, in kilobytes."""
    used: int = server.client().info("memory")["used_memory"]
    return used // 1000
