"""Pages whose code never comes to an end, or may not be read: they hold up nothing else."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from durapy_core.engines.memory import MemoryEngine
from tests.support.console import LIMIT_S, TOKEN, Console, run_console
from tests.support.local_rig import LocalRig
from tests.support.waiting import wait_for

HTML = '{% extends "base.html" %}{% block main %}<p id="mine">{{ said() }}</p>{% end %}'
OTHERS = ("/", "/commands", "/static/favicon.svg", "/x/other", "/x/other/api/fine")
OTHER = """
from webserver.api.recorded import RecordedApi

class Fine(RecordedApi):
    async def get(self):
        self.reply(await self.on_thread(lambda: "fine"))

handlers = [("fine", Fine)]
def data(request): return {"said": lambda: "other"}
"""


@pytest.fixture
def pages_dir(tmp_path: Path) -> Path:
    add(tmp_path / "pages" / "other", OTHER)
    return tmp_path / "pages"


@pytest.fixture
def console(engine: MemoryEngine, tmp_path: Path, pages_dir: Path) -> Iterator[Console]:
    with run_console(engine, tmp_path / "data", pages_dir=pages_dir) as console:
        assert console.ask("GET", "/x/other").status_code == 200
        yield console


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """Give a pipe that nobody writes into: whoever reads it waits for good."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    yield pipe
    free(pipe)


def free(pipe: Path) -> None:
    """Let whoever waits for the pipe find its end."""
    with suppress(OSError):  # nobody waits at the moment
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


def add(folder: Path, code: str, html: str = HTML) -> None:
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(html)
    (folder / "page.py").write_text(code)


def others(console: Console) -> list[int]:
    return [console.ask("GET", path).status_code for path in OTHERS]


def test_a_page_whose_import_does_not_end_says_so_and_holds_up_nothing_else(
    console: Console, pages_dir: Path, pipe: Path
) -> None:
    add(pages_dir / "stuck", f'open({str(pipe)!r}).read()\ndef data(_): return {{"said": str}}')

    answer = console.ask("GET", "/x/stuck")

    assert answer.status_code == 500
    assert "stuck/page.py has not come to its end" in answer.text
    assert 'id="stop-button"' in answer.text
    assert others(console) == [200] * len(OTHERS)
    free(pipe)
    wait_for(lambda: console.ask("GET", "/x/stuck").status_code == 200, "the page, at last")


WAITS = {
    "data": 'def data(_): return {{"said": lambda: "", "read": open({pipe!r}).read()}}',
    "template": 'def data(_): return {{"said": lambda: open({pipe!r}).read()}}',
}


@pytest.mark.parametrize("where", WAITS)
def test_a_page_that_waits_for_good_holds_up_no_other_page(
    console: Console, pages_dir: Path, pipe: Path, where: str
) -> None:
    add(pages_dir / "stuck", WAITS[where].format(pipe=str(pipe)))

    with ThreadPoolExecutor(20) as pool:
        stuck = [pool.submit(console.ask, "GET", "/x/stuck") for _ in range(20)]
        wait_for(lambda: others(console) == [200] * len(OTHERS), "the others", limit_s=LIMIT_S)
        unanswered = [one for one in stuck if not one.done()]
        while not all(one.done() for one in stuck):
            free(pipe)

    assert len(unanswered) == len(stuck)


def test_a_plain_method_of_a_handler_that_waits_holds_up_nobody(
    console: Console, pages_dir: Path, pipe: Path
) -> None:
    add(
        pages_dir / "slow",
        f"""
from webserver.api.base import Api
from webserver.errors import ApiError

class Slow(Api):
    def get(self, name):
        if name == "no": raise ApiError(409, "busy", "The valve is open.")
        self.set_header("X-Read", str(len(open({str(pipe)!r}).read())))
        self.reply([name, self.user.name])

    def post(self, name):
        self.redirect("/x/other")

handlers = [("slow/(.*)", Slow)]
data = None
""",
        "nothing",
    )
    assert console.ask("GET", "/x/slow").status_code == 200

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(console.ask, "GET", "/x/slow/api/slow/yes")
        assert others(console) == [200] * len(OTHERS)
        assert not slow.done()
        while not slow.done():
            free(pipe)
        answer = slow.result()

    assert (answer.status_code, answer.json()) == (200, ["yes", "api"])
    assert answer.headers["X-Read"] == "0"
    refused = console.ask("GET", "/x/slow/api/slow/no")
    assert (refused.status_code, refused.json()["error"]["message"]) == (409, "The valve is open.")
    assert console.ask("POST", "/x/slow/api/slow/x").headers["Location"] == "/x/other"
    assert console.ask("DELETE", "/x/slow/api/slow/x").status_code == 405


def test_a_page_that_may_not_be_read_breaks_nothing_else(
    console: Console, pages_dir: Path, tmp_path: Path
) -> None:
    add(pages_dir / "locked", "")
    (pages_dir / "locked" / "page.py").unlink()
    (pages_dir / "locked" / "page.py").symlink_to(tmp_path / ("x" * 300))  # cannot be looked at

    answer = console.ask("GET", "/x/locked")

    assert answer.status_code == 500
    assert "locked/page.py: OSError" in answer.text
    assert others(console) == [200] * len(OTHERS)


def test_a_page_that_may_be_read_at_last_is_there(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "late", 'raise PermissionError("not yet")')
    file = pages_dir / "late" / "page.py"
    changed = file.stat().st_mtime_ns
    assert console.ask("GET", "/x/late").status_code == 500

    file.write_text('def data(_): return {"said": lambda: "here"}')
    os.utime(file, ns=(changed, changed))  # as after `chmod`: only the status has changed

    assert "here" in console.ask("GET", "/x/late").text


def test_data_that_finds_nothing_to_iterate_is_a_mistake_and_no_silence(
    console: Console, pages_dir: Path
) -> None:
    add(pages_dir / "none", 'def data(_): return {"said": next(iter([]))}')

    assert "StopIteration" in console.ask("GET", "/x/none").text


def test_the_console_ends_while_a_page_waits(tmp_path: Path, pipe: Path) -> None:
    waits = tmp_path / "waits"
    code = f"def data(_): open({str(waits)!r}, 'w').close(); open({str(pipe)!r}).read()"
    add(tmp_path / "pages" / "stuck", code)
    with (
        LocalRig(tmp_path, pages_dir=str(tmp_path / "pages")) as rig,
        ThreadPoolExecutor(1) as pool,
    ):
        rig.start_console()
        console = rig.processes["webserver"]
        asked = pool.submit(
            requests.get,
            f"{rig.url}/x/stuck",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=LIMIT_S,
        )
        wait_for(waits.exists, "the page to wait")

        console.terminate()

        assert console.wait(LIMIT_S) == 0
        assert asked.exception() is not None
