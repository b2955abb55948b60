"""The Logs page in the past: a stretch of time, a jump to before everything, reading on."""

import re
from datetime import timedelta
from urllib.parse import quote

from playwright.sync_api import Page, Route, expect

from durapy_core.engines import Engine
from durapy_core.engines.base import LOGS
from durapy_core.entry import START
from durapy_core.log_entry import line_json
from tests.support.log_entries import log_entry, log_lines
from tests.support.visitor import Visitor
from tests.support.waiting import wait_for


def test_a_stretch_of_time_shows_alone_and_stands_in_the_address(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    begins, ends = (moment_after(store, text) for text in ("too early", "within"))
    log_lines(store, "too late")
    visitor.open("/logs?q=too+late")
    expect(page.locator(".lr")).to_have_count(1)

    visitor.open(f"/logs?since={begins}&until={ends}")
    expect(page.locator(".lr", has_text="within")).to_be_visible()
    visitor.expect_complaints("willReadFrequently")  # nobody but this test reads it
    wait_for(lambda: page.locator(".volume canvas").evaluate(_HAS_INK), "the volume of the lines")
    for text in ("too early", "too late"):
        expect(page.locator(".lr", has_text=text)).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as text").click()
    said = download.value.path().read_text()
    assert "within" in said
    assert "too early" not in said
    assert "too late" not in said

    log_lines(store, "later still")
    page.get_by_label("to", exact=True).fill("2001-01-01T00:00:00")
    expect(page.get_by_text("No lines of that time")).to_be_visible()
    visitor.shoot("logs-time")
    assert visitor.findings() == []
    page.get_by_role("button", name="Lines of any time").click()
    expect(page.locator(".lr", has_text="later still")).to_be_visible()
    expect(page).not_to_have_url(re.compile("since|until"))


_HAS_INK = """(canvas) => canvas.getContext('2d')
  .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)"""


def moment_after(store: Engine, text: str) -> str:
    """Log a line; return a moment after it, before which nothing else is logged."""
    [key] = log_lines(store, text)
    entry = store.get(LOGS, key)
    assert entry is not None
    moment = entry.sent_at + timedelta(milliseconds=20)
    wait_for(lambda: store.now_s() > moment.timestamp() + 0.02, "the moment to pass")
    return quote(moment.isoformat())


def test_a_jump_to_before_the_first_line_shows_the_first_line(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    log_lines(store, "something")
    visitor.open("/logs?t=2001-01-01T00:00:00Z")

    oldest = line_json(store.read(LOGS, after=START, limit=1, wait_s=0)[0])
    expect(page.locator(".lr").first).to_contain_text(oldest["message"][:40])


def test_what_is_read_stays_in_sight_while_older_lines_come(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    store.append_many(LOGS, [log_entry(f"row {n}", service="rows") for n in range(6_000)])
    waiting: list[Route] = []
    held = True

    def hold(route: Route) -> None:
        if held:
            waiting.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/logs?*before=*", hold)
    visitor.open("/logs?q=row")
    expect(page.locator(".lr", has_text="row 5999")).to_be_visible()
    page.get_by_role("listbox").evaluate("(list) => list.scrollTo(0, list.scrollHeight / 2)")
    expect(page.get_by_role("button", name="Follow")).to_be_visible()
    read = first_in_sight(page)

    wait_for(lambda: waiting, "older lines to be asked for")
    held = False
    for route in waiting:
        route.continue_()
    expect(page.locator(".count")).to_contain_text(re.compile(r"^6,0\d\d of"))

    assert first_in_sight(page) == read


def first_in_sight(page: Page) -> str:
    """Return the message at the upper edge of the list."""
    text: str = page.get_by_role("listbox").evaluate(
        """(list) => [...list.querySelectorAll('.lr')].find((row) =>
          row.getBoundingClientRect().bottom > list.getBoundingClientRect().top)
          .querySelector('.m').textContent"""
    )
    return text


def test_nothing_can_be_downloaded_while_nothing_can_be_shown(page: Page, visitor: Visitor) -> None:
    visitor.open("/logs?level=none")

    for name in ("Download", "JSON"):
        expect(page.locator("a.btn", has_text=name)).not_to_have_attribute("href", re.compile(""))


def test_after_a_jump_one_reads_on_to_the_present(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    [key] = log_lines(store, "long ago")
    entry = store.get(LOGS, key)
    assert entry is not None
    store.append_many(LOGS, [log_entry(f"after {n}", service="after") for n in range(5_000)])
    visitor.open(f"/logs?t={quote(entry.sent_at.isoformat())}")
    expect(page.locator(".lr", has_text="long ago")).to_be_visible()

    follow = page.get_by_role("button", name=re.compile(r"Follow, \d+ new"))
    wait_for(lambda: log_lines(store, "just now") and follow.is_visible(), "what is new")
    expect(page.locator(".lr", has_text="long ago")).to_be_visible()


def test_it_is_said_that_there_are_older_lines_where_nothing_matches(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    log_lines(store, "a needle")
    store.append_many(LOGS, [log_entry("hay", service="hay")] * 22_500)
    visitor.open("/logs?q=a+needle")

    expect(page.get_by_text("There are older lines: choose their time.")).to_be_visible()
    visitor.shoot("logs-older")
