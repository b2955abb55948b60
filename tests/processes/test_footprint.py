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
MOST_IDLE = {"redis": 0.003, "sqlite": 0.004}
"""Of a core. On SQLite two threads look four times a second each in case a doorbell was not heard,
which costs 0.15 %: 0.25 to 0.31 % were measured in all, and 0.07 to 0.2 % on Redis."""
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
    engine = "sqlite" if shared.url.startswith("sqlite") else "redis"
    with ServiceProcess("ponger", shared, ROOT / "services", {}) as process:
        first = wait_for(process.status, "the first status", every_s=0.01)
        to_first_status_s = used_s(first)
        process.wait_until_running()
        pause = Event()
        pause.wait(2)  # a new service tidies up
        idle = 1.0
        for _ in range(_LOOKS):  # other work on the computer only ever adds to what is measured
            before_s = used_s(first)
            pause.wait(_IDLE_S)
            idle = min(idle, (used_s(first) - before_s) / _IDLE_S)
            if idle < MOST_IDLE[engine]:
                break
        resident_mib = rss_mib(first)

    assert to_first_status_s < 0.8  # 0.28 to 0.47 s were measured, the latter on a busy computer
    assert idle < MOST_IDLE[engine]
    assert resident_mib < (45 if engine == "sqlite" else 50)  # 43 and 47


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
