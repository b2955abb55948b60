"""Every field that a service, a command, a log line, a file name or a revision can carry is text.

Each holds text that would like to be HTML. The visitor fails the test if any of it becomes an
element: its picture would be asked for, and its script be refused by the content policy.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from durapy_core.engines.memory import MemoryEngine
from tests.support.console import TOKEN, run_console
from tests.support.hostile_rig import EVIL, TYPE, hostile
from tests.support.rig import cookies_of
from tests.support.visitor import Visitor, rows, visiting

PAGE_PY = """
from pathlib import Path
from webserver.api.recorded import RecordedApi, list_recorded

FOLDER = Path({folder!r})
title = icon = {evil!r}

class Download(RecordedApi):
    async def get(self, name):
        await self.send_recorded(FOLDER, name)

handlers = [(r"files/(.+)", Download)]

def data(request):
    return {{"files": list_recorded(FOLDER)}}
"""
PAGE_HTML = """{% extends "base.html" %}{% block main %}<ul>{% for file in files %}
<li><a href="/x/mine/api/files/{{ url_escape(file.name, plus=False) }}">{{ file.name }}</a></li>
{% end %}</ul>{% end %}"""


class HostileConsole:
    """A console whose store is full of it, and how to visit it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def cookies(self) -> list[dict[str, object]]:
        return cookies_of(self.url, TOKEN)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileConsole]:
    folder = tmp_path_factory.mktemp("hostile")
    write_page(folder / "pages" / "mine", folder / "recorded")
    pages = folder / "pages"
    with (
        MemoryEngine() as engine,
        hostile(engine),
        run_console(engine, folder / "data", rig=EVIL, pages_dir=pages) as console,
    ):
        yield HostileConsole(console.url)


def write_page(page: Path, recorded: Path) -> None:
    for folder in (page, recorded):
        folder.mkdir(parents=True)
    (recorded / f"{EVIL}.csv").write_text("x\n")
    (page / "page.html").write_text(PAGE_HTML)
    (page / "page.py").write_text(PAGE_PY.format(folder=str(recorded), evil=EVIL))


@pytest.fixture
def visitor(browser: Browser, console: HostileConsole) -> Iterator[Visitor]:
    with visiting(browser, console) as visitor:
        yield visitor
        assert visitor.page.evaluate("() => window.broken") is None
        assert visitor.page.locator("img, [onerror], [href^='javascript:']").count() == 0


def dashboard(page: Page) -> None:
    for region in ("Session state", "Needs attention", "Latest commands"):
        expect(page.get_by_role("region", name=region)).to_contain_text(EVIL)
    expect(page.locator("table.svc")).to_contain_text(EVIL)


def form(page: Page) -> None:
    expect(page.locator("dp-form")).to_contain_text(EVIL)
    expect(page.locator("dp-form").get_by_label(EVIL).first).to_be_visible()


def detail(page: Page) -> None:
    rows(page).last.get_by_role("button").click()
    shown = page.get_by_role("region", name="Command detail")
    expect(shown.locator(".heard")).to_contain_text(EVIL)
    shown.get_by_role("button", name="Edit and resend").click()
    expect(page.locator("dp-form").get_by_role("textbox", name=EVIL).first).to_have_value(EVIL)


def find(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_label("Find a page, service or command").fill("onerror")
    expect(page.get_by_role("dialog")).to_contain_text(EVIL)


def stopped(page: Page) -> None:
    page.get_by_role("button", name="STOP").click()
    expect(page.get_by_role("dialog")).to_contain_text(EVIL)


def deploy(page: Page) -> None:
    expect(page.locator("table.svc")).to_contain_text(EVIL)
    expect(page.get_by_role("log", name="Log of the rollout")).to_contain_text(EVIL)
    page.get_by_text(f"What {EVIL} wrote last").click()
    page.get_by_role("button", name="History").click()
    expect(page.get_by_role("region", name="Past operations")).to_contain_text(EVIL)


def logs(page: Page) -> None:
    page.locator(".lr", has_text=EVIL).first.click()
    expect(page.get_by_role("region", name="Line detail")).to_contain_text(EVIL)


def own(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
    with page.expect_download() as download:
        page.get_by_role("link", name=f"{EVIL}.csv").click()
    assert download.value.path().read_text() == "x\n"


PLACES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "dashboard": ("/", dashboard),
    "form": (f"/commands?type={TYPE}", form),
    "detail": ("/commands", detail),
    "find": ("/", find),
    "safe-state": ("/", stopped),
    "deploy": ("/deploy", deploy),
    "logs": ("/logs", logs),
    "own-page": ("/x/mine", own),
}


@pytest.mark.parametrize("name", PLACES)
def test_it_is_shown_as_text(visitor: Visitor, name: str) -> None:
    path, look = PLACES[name]
    page = visitor.open(path)

    look(page)

    visitor.shoot(f"hostile-fields-{name}")
    assert visitor.overflow() == ""
