"""The last words of services that die under `durapy up` are in the store, with who said them."""

import re
from pathlib import Path
from typing import Any

from durapy_core.engines.base import LOGS
from durapy_core.log_entry import line_json
from durapy_core.settings import Settings
from durapy_core.store import open_store
from tests.support.up import running_up

Json = dict[str, Any]

SERVICES = {
    "bad_import": "import no_such_module_at_all",
    "segfault": """
import ctypes
from durapy_core import Service
service = Service("segfault")

@service.on_start
def go(ctx):
    ctypes.string_at(0)
""",
    "at_exit": """
import atexit
from durapy_core import Service
service = Service("at_exit")

@atexit.register
def leave():
    raise LookupError("left behind")

@service.on_start
def go(ctx):
    ctx.log.info("starting")
    print("a bare print")
    ctx.stop_service()
""",
}


def test_what_dying_services_print_is_kept_and_no_secret_is(tmp_path: Path) -> None:
    for name, code in SERVICES.items():
        (tmp_path / "own" / name).mkdir(parents=True)
        (tmp_path / "own" / name / "service.py").write_text(code)
    data = tmp_path / "data"

    def lines() -> list[Json]:
        with open_store(Settings(data_dir=data)) as engine:
            return [line_json(entry) for entry in engine.page(LOGS, limit=10_000)]

    def found(service: str, pattern: str) -> bool:
        return any(
            line["service"] == service
            and re.search(pattern, f"{line['level']} {line['message']} {line['exception']}")
            for line in lines()
        )

    wanted = [
        ("bad_import", "ERROR durapy: .*no_such_module_at_all"),
        ("segfault", "ERROR Fatal Python error: Segmentation fault (.|\n)*in go"),
        ("at_exit", "INFO a bare print"),
        ("at_exit", "INFO starting"),
        ("at_exit", "ERROR LookupError: left behind (.|\n)*in leave"),
        ("supervisor", "segfault crashed"),
        ("webserver", "INFO the console listens"),
    ]
    with running_up(data, services_dir=str(tmp_path / "own")) as up:
        link = up.wait_for(r"DuraPy is ready: \S+code=(\S+)")
        up.wait_until(
            lambda: all(found(*one) for one in wanted),
            "the last words of each",
        )

    text = str(lines())
    assert text.count("a bare print") == text.count("'starting'")
    assert link[1] not in text
    assert (data / "token").read_text().strip() not in text
