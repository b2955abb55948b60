"""What a service costs the rig's computer, measured on a real child."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer
from tests.support.service_process import Shared, shared_store

pytestmark = pytest.mark.e2e

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
