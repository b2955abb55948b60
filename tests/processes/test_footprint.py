"""What a service costs the rig's computer, measured on a real child."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from durapy_core.bench.machine import cpu_s
from durapy_core.status import ServiceStatus
from tests.support.redis_server import RedisServer
from tests.support.service_process import ROOT, ServiceProcess, Shared, shared_store
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

_IDLE_S = 5.0
_LOOKS = 12
"""Other work on the computer only ever adds to what is measured, so the least of some counts."""
_STARTS = 5
MOST_IDLE = 0.003
"""Of a core: 0.05 to 0.2 % were measured on Redis, 0.2 to 0.28 % on SQLite, where two threads look
four times a second each in case a doorbell was not heard."""
MOST_TO_FIRST_STATUS_S = 0.6
"""Of CPU time: 0.28 to 0.35 s were measured, up to 0.52 s on a busy computer."""
NOT_FOR_A_SERVICE = ("docker", "jsonschema", "rich", "tornado", "webserver")

LOOKING_ROUND = """
import json, sys
from pathlib import Path
from durapy_core import Service, ServiceContext

service = Service("looker")

@service.on_start
def look(ctx: ServiceContext) -> None:
    Path(__file__).with_name("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(params=["redis", "sqlite"])
def shared(
    request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer
) -> Iterator[Shared]:
    on_redis = request.param == "redis"
    url = redis_server.unix_url if on_redis else f"sqlite:///{tmp_path}/commands.db"
    with shared_store(url, tmp_path, f"footprint-{tmp_path.name}") as shared:
        yield shared


def test_a_service_loads_nothing_of_the_console_the_deployer_and_the_tables(
    shared: Shared, tmp_path: Path
) -> None:
    folder = tmp_path / "rig" / "looker"
    folder.mkdir(parents=True)
    (folder / "service.py").write_text(LOOKING_ROUND)

    with shared.start("looker", folder.parent):
        modules = json.loads((folder / "modules.json").read_text())

    packages = {name.partition(".")[0] for name in modules}
    assert packages.isdisjoint(NOT_FOR_A_SERVICE)
    assert "durapy_core" in packages


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are read from /proc")
def test_an_idle_service_is_small_and_costs_next_to_nothing(shared: Shared) -> None:
    idle = 1.0
    with ServiceProcess("ponger", shared, ROOT / "services", {}) as process:
        process.wait_until_running()
        status = process.status()
        pause = Event()
        pause.wait(2)  # a new service tidies up
        for _ in range(_LOOKS):
            before_s = used_s(status)
            pause.wait(_IDLE_S)
            idle = min(idle, (used_s(status) - before_s) / _IDLE_S)
            if idle < MOST_IDLE:
                break
        resident_mib = rss_mib(status)

    assert idle < MOST_IDLE
    assert resident_mib < (45 if shared.url.startswith("sqlite") else 50)  # 43 and 47


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are read from /proc")
def test_a_service_is_there_after_little_work(shared: Shared) -> None:
    used = 10.0
    for _ in range(_STARTS):
        with ServiceProcess("ponger", shared, ROOT / "services", {}) as process:
            used = min(used, used_s(wait_for(process.status, "the first status", every_s=0.01)))
        if used < MOST_TO_FIRST_STATUS_S:
            break

    assert used < MOST_TO_FIRST_STATUS_S


def used_s(status: ServiceStatus | None) -> float:
    """Return the CPU time that a service has used so far, in seconds."""
    assert status is not None
    used = cpu_s(status.pid)
    assert used is not None
    return used


def rss_mib(status: ServiceStatus | None) -> float:
    """Return how much memory of a service is resident, shared libraries included, in MiB."""
    assert status is not None
    text = Path(f"/proc/{status.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1]) / 1024
