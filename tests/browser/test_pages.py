"""Pages of one's own: the ping-pong page, a new folder, and broken ones beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.local_rig import ROOT, LocalRig
from tests.support.visitor import Visitor
from tests.support.waiting import wait_for

TEMPLATE = ROOT / "webserver" / "pages" / "_template"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Iterator[LocalRig]:
    folder = tmp_path_factory.mktemp("rig")
    with LocalRig(folder, ping_period_s="0.2", pages_dir=str(pages)) as rig:
        rig.start_console()
        rig.start("pinger", "ponger")
        yield rig


def write_page(pages: Path, name: str, **files: str) -> None:
    (pages / name).mkdir(exist_ok=True)  # a test may be run again
    for file in ("page.html", "page.js", "page.py"):
        text = files.get(file.partition(".")[2]) or (TEMPLATE / file).read_text()
        (pages / name / file).write_text(text.replace("My page", name))


def test_the_ping_pong_page_draws_live(visitor: Visitor, page: Page, rig: LocalRig) -> None:
    visitor.open("/x/pingpong")
    page.get_by_label("Subject").fill("plots")
    page.get_by_role("button", name="Begin").click()

    expect(page.get_by_role("link", name="RUNNING")).to_be_visible()
    plots = page.locator("dp-plot canvas")
    expect(plots).to_have_count(2)
    page.wait_for_function("() => Number(document.getElementById('pings').textContent) >= 10")
    before = [ink(page, 0), ink(page, 1)]
    wait_for(lambda: before[0] != ink(page, 0), "the answer times to move")
    wait_for(lambda: before[1] != ink(page, 1), "the rate to move")
    assert float(page.locator("#median").inner_text()) >= 0
    visitor.shoot("pingpong-live")

    page.get_by_role("button", name="End…").click()
    page.get_by_role("dialog").get_by_role("button", name="End session").click()
    expect(page.get_by_role("link", name="IDLE")).to_be_visible()
    pings = len(rig.records(type="PING"))
    expect(page.locator("#pings")).to_have_text(str(pings))
    page.reload()
    expect(page.locator("#pings")).to_have_text(str(min(pings, 500)))


def test_begin_and_end_show_what_can_be_done_and_stand_apart(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    begin = page.get_by_role("button", name="Begin")
    end = page.get_by_role("button", name="End…")
    visitor.open("/x/pingpong")
    expect(begin).to_be_enabled()
    expect(end).to_be_disabled()

    with rig.in_session():
        expect(begin).to_be_disabled()
        expect(page.get_by_label("Subject")).to_be_disabled()
        expect(end).to_be_enabled()
        visitor.shoot("pingpong-session")
    expect(begin).to_be_enabled()
    expect(end).to_be_disabled()
    here, there = begin.bounding_box(), end.bounding_box()
    assert here
    assert there
    assert abs(here["x"] - there["x"]) > 200  # a second click ends nothing

    rig.api("POST", "safe-state", json={"reason": "a test"})
    expect(begin).to_be_disabled()
    rig.api("POST", "safe-state/clear", json={})
    expect(begin).to_be_enabled()


def ink(page: Page, n: int) -> str:
    """Return what a plot shows now."""
    data: str = page.locator("dp-plot canvas").nth(n).evaluate("(c) => c.toDataURL()")
    return data


def test_a_new_folder_is_a_page_at_once(
    visitor: Visitor, page: Page, pages: Path, rig: LocalRig
) -> None:
    visitor.open("/")
    expect(page.get_by_role("link", name="valves")).to_have_count(0)

    write_page(pages, "valves")
    page.reload()
    page.get_by_role("link", name="valves").click()

    expect(page.get_by_role("heading", name="valves", level=1)).to_be_visible()
    rig.send("PING", key="for the page")
    expect(page.locator("#heard").get_by_role("row").first).to_contain_text("PING")
    visitor.shoot("page-new")
    assert visitor.findings() == []


BROKEN = {
    "bad_python": ({"py": "title = 1 / 0\n"}, "ZeroDivisionError"),
    "bad_syntax": ({"py": "title = \n"}, "SyntaxError"),
    "bad_template": (
        {"html": '{% extends "base.html" %}{% block main %}{{ 1 / 0 }}{% end %}'},
        "ZeroDivisionError",
    ),
    "bad_block": ({"html": "{% block main %}"}, "ParseError"),
    "bad_data": ({"py": "def data(request):\n    raise ValueError('no valve')\n"}, "no valve"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_page_says_so_in_its_place_and_the_others_work(
    visitor: Visitor, page: Page, pages: Path, name: str
) -> None:
    files, reason = BROKEN[name]
    visitor.expect_complaints("500")
    write_page(pages, name, **files)

    visitor.open("/")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name="This page has a mistake")).to_be_visible()
    expect(page.locator("body")).to_contain_text(reason)
    expect(page.locator("body")).to_contain_text(name)
    visitor.shoot(f"page-{name}")
    assert visitor.findings() == []
    page.get_by_role("link", name="To the dashboard").click()

    expect(page.locator("dp-hero")).to_contain_text("IDLE")
    for other in ("/commands", "/x/pingpong"):
        visitor.open(other)


def test_a_script_that_fails_breaks_only_its_own_page(
    visitor: Visitor, page: Page, pages: Path
) -> None:
    visitor.expect_complaints("a mistake of the page")
    write_page(pages, "bad_script", js="throw new Error('a mistake of the page');\n")

    visitor.open("/x/bad_script")

    said = page.locator("#mistake")
    expect(said).to_contain_text("This page's script has a mistake. Error: a mistake of the page")
    expect(said).to_contain_text("(/pages/bad_script/page.js, line 1)")
    visitor.shoot("page-bad_script")
    assert visitor.findings() == []
    expect(page.get_by_role("link", name="Session IDLE")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find")).to_be_visible()


MISTAKEN = {
    "syntax": ("const = 1;", "SyntaxError", "/pages/syntax/page.js, line 1"),
    "import": ("import './nothing.js';", "/pages/import/page.js, or a file that it imports", ""),
    "name": (
        "import { nothing_like_it } from '/static/durapy/client.js';",
        "SyntaxError",
        "/pages/name/page.js, line 1",
    ),
    "promise": (
        "\nPromise.reject(new TypeError('nobody waits'));",
        "TypeError: nobody waits",
        "/pages/promise/page.js, line 2",
    ),
    "refused": (
        (
            "import { durapy } from '/static/durapy/client.js';\n"
            "await durapy.ready;\ndurapy.send('NO_SUCH_TYPE', {});"
        ),
        "NO_SUCH_TYPE",
        "",
    ),
    "listener": (
        (
            "import { durapy } from '/static/durapy/client.js';\n"
            "durapy.follow('*', 1, () => {});\n"
            "durapy.subscribe('services', () => missing());"
        ),
        "ReferenceError: missing is not defined",
        "/pages/listener/page.js, line 3",
    ),
    "hostile": (
        "throw new Error('<img src=x onerror=alert(1)>');",
        "<img src=x onerror=alert(1)>",
        "/pages/hostile/page.js, line 1",
    ),
}


@pytest.mark.parametrize("name", MISTAKEN)
def test_a_mistake_of_a_script_is_said_on_its_page(
    visitor: Visitor, page: Page, pages: Path, name: str
) -> None:
    script, what, where = MISTAKEN[name]
    visitor.expect_complaints(
        "404", "NO_SUCH_TYPE", "Unexpected token", "nothing_like_it", "nobody waits",
        "missing is not", r"alert\(1\)",
    )  # fmt: skip
    write_page(pages, name, js=script)

    visitor.open(f"/x/{name}")

    said = page.locator("#mistake")
    expect(said).to_contain_text(what)
    expect(said).to_contain_text(where)
    expect(said.locator("img")).to_have_count(0)
    visitor.open("/x/pingpong")
    expect(said).to_be_empty()


def test_a_page_that_is_mended_works_without_a_restart(
    visitor: Visitor, page: Page, pages: Path
) -> None:
    visitor.expect_complaints("500")
    write_page(pages, "mended", py="title = oops\n")
    page.goto("/x/mended")
    expect(page.locator("body")).to_contain_text("NameError")

    (pages / "mended" / "page.py").write_text('title = "Works now"\n')
    page.reload()

    expect(page.get_by_role("heading", name="Works now", level=1)).to_be_visible()


def test_charts_are_drawn_in_a_browser_whose_language_is_none(visitor: Visitor, page: Page) -> None:
    visitor.context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'language', { get: () => 'C' })"
    )
    visitor.open("/")

    expect(page.locator("dp-plot canvas")).to_have_count(2)
    expect(page.get_by_text("This page's script has a mistake.")).to_have_count(0)
