"""Pages whose Python hears commands: in order, while nobody looks, and at nobody's cost."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from threading import Event

import pytest

from durapy_core.engines.memory import MemoryEngine
from tests.support.console import Console, run_console
from tests.support.log_lines import logged
from tests.support.waiting import wait_for
from webserver.page_listening import Hearer
from webserver.page_loading import Page

HTML = "{{ ' '.join(heard) }}"
HEARS = """
    heard = []
    def hear(body, record):
        heard.append(body["key"])
        if body["key"] == "bad":
            raise ValueError("no such valve")
    listeners = [("PING", hear)]
    def data(request): return {"heard": heard}
"""


@pytest.fixture
def pages_dir(tmp_path: Path) -> Path:
    write(tmp_path / "pages" / "ears", HEARS)
    return tmp_path / "pages"


@pytest.fixture
def console(engine: MemoryEngine, tmp_path: Path, pages_dir: Path) -> Iterator[Console]:
    with run_console(engine, tmp_path / "data", pages_dir=pages_dir) as console:
        assert console.ask("GET", "/x/ears").text == ""
        yield console


def write(folder: Path, code: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.html").write_text(HTML)
    (folder / "page.py").write_text(dedent(code))


def hears(console: Console, text: str, page: str = "ears") -> None:
    wait_for(lambda: console.ask("GET", f"/x/{page}").text == text, f"{page} to hear {text}")


def test_a_page_hears_its_commands_in_order_while_nobody_looks(console: Console) -> None:
    for key in ("a1", "a2", "a3"):
        console.send(key)
    console.append("{}", "PONG")

    hears(console, "a1 a2 a3")


def test_a_listener_that_fails_is_logged_with_the_key_and_hears_on(console: Console) -> None:
    with logged() as lines:
        bad = console.send("bad").json()["key"]
        console.send("good")
        hears(console, "bad good")

    [line] = [line for line in lines if "failed on what it heard" in line["message"]]
    assert line["extra"]["key"] == bad
    assert "no such valve" in str(line["exception"])


def test_an_edited_page_begins_anew_and_a_removed_one_hears_no_more(
    console: Console, pages_dir: Path
) -> None:
    console.send("one")
    hears(console, "one")

    write(pages_dir / "ears", HEARS.replace('("PING", hear)', '("*", hear)'))
    hears(console, "")
    console.send("two")
    console.append('{"key": "three"}', "PONG")

    hears(console, "two three")


def test_a_listener_that_is_none_is_a_mistake_of_its_page(
    console: Console, pages_dir: Path
) -> None:
    write(pages_dir / "deaf", 'listeners = [("PING", "hear")]')

    assert "the listener of &#x27;PING&#x27; is not" in console.ask("GET", "/x/deaf").text


def test_a_page_that_is_too_slow_holds_up_nobody_and_it_is_said_what_it_missed() -> None:
    begun, go_on, heard = Event(), Event(), []

    def hear(body: int, _record: object) -> None:
        begun.set()
        go_on.wait(30)
        heard.append(body)

    page = Page(
        slug="slow",
        title="",
        icon="",
        href="",
        builtin=False,
        folder=Path(),
        listeners=(("PING", hear),),
    )
    hearer = Hearer(page, limit=2)
    with logged() as lines:
        for n in range(6):
            hearer.put({"type": "PING", "body": n, "key": str(n)})
            assert begun.wait(30)
        go_on.set()
        wait_for(lambda: heard == [0, 4, 5], "the newest to be heard")
        hearer.close()

    [line] = [line["message"] for line in lines if "not heard" in line["message"]]
    assert line == "3 commands were not heard by the page slow: it is too slow"
