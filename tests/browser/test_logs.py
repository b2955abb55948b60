"""The Logs page: live, searched, held still, and as quick with 20,000 lines as with forty."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from durapy_core.engines import Engine
from durapy_core.engines.base import LOGS
from tests.support.local_rig import LocalRig
from tests.support.log_entries import log_entry, log_lines
from tests.support.redis_server import RedisServer
from tests.support.visitor import DESK, PHONE, TABLET, Visitor, visiting

MANY = 20_000
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def shown(page: Page) -> list[str]:
    """Return the messages in the document, oldest first."""
    return [text.split("  ")[0].strip() for text in page.locator(".lr .m").all_inner_texts()]


def test_a_line_shows_as_it_is_logged(page: Page, visitor: Visitor, store: Engine) -> None:
    visitor.open("/logs")
    expect(page.locator("#rail a[aria-current=page]")).to_have_text("Logs")
    log_lines(store, "first light", service="camera", level="WARNING", fields={"gain": 2.5})

    row = page.locator(".lr", has_text="first light")
    expect(row).to_contain_text("gain=2.5")
    expect(row).to_have_attribute("data-s", "warn")
    expect(page.get_by_role("button", name="camera")).to_be_visible()


def test_filters_stand_in_the_address_and_survive_a_reload(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    log_lines(store, "needle here", service="stimulator", level="DEBUG")
    visitor.open("/logs")
    expect(page.locator(".lr", has_text="needle here")).to_have_count(0)

    page.get_by_role("button", name="debug").click()
    page.get_by_label("Filter by text").fill("NEEDLE")
    expect(page.locator(".lr")).to_have_count(1)
    expect(page.locator(".lr mark")).to_have_text("needle")
    page.reload()

    expect(page.locator(".lr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"level=error%2Cwarning%2Cinfo%2Cdebug&q=NEEDLE"))
    page.get_by_role("button", name="stimulator").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_paused_it_holds_still_and_counts_what_is_new(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    visitor.open("/logs?q=tick")
    log_lines(store, "tick 1")
    expect(page.locator(".lr", has_text="tick 1")).to_be_visible()
    page.keyboard.press("Space")
    log_lines(store, "tick 2", "tick 3")

    expect(page.get_by_role("button", name=re.compile("Follow, [0-9]+ new"))).to_be_visible()
    expect(page.locator(".lr", has_text="tick 2")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator(".lr", has_text="tick 3")).to_be_visible()


def test_the_keyboard_alone_reads_a_line_and_its_traceback(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    log_lines(store, "it broke", level="ERROR", exception="Traceback\nValueError: no")
    visitor.open("/logs?q=it+broke")
    expect(page.locator(".lr")).to_have_count(1)

    page.keyboard.press("k")
    page.keyboard.press("Enter")

    detail = page.get_by_role("region", name="Line detail")
    expect(detail).to_contain_text("ValueError: no")
    active = page.get_by_role("listbox").get_attribute("aria-activedescendant")
    expect(page.locator(f"[id='{active}']")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(detail).to_have_count(0)


def test_from_a_command_to_the_lines_around_it_and_back(
    page: Page, visitor: Visitor, rig: LocalRig, store: Engine
) -> None:
    record = rig.latest("END_SESSION") if rig.session()["key"] else rig.send("END_SESSION")
    log_lines(store, "heard the end", service="pinger", record=record["key"])
    visitor.open(f"/commands?show={record['key']}")
    page.get_by_role("link", name="Log lines").click()

    row = page.locator(".lr.ours", has_text="heard the end")
    expect(row).to_have_attribute("aria-selected", "true")
    row.click()
    page.get_by_role("link", name="Its command").click()
    expect(page.get_by_role("region", name="Command detail")).to_contain_text(record["key"])


def test_what_a_line_holds_is_text_and_nothing_else(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    log_lines(
        store, EVIL, service=EVIL, level="ERROR", exception=EVIL, fields={EVIL: EVIL}, record=EVIL
    )
    visitor.open("/logs?q=onerror")
    row = page.locator(".lr", has_text=EVIL)
    row.click()

    expect(page.get_by_role("region", name="Line detail")).to_contain_text(EVIL)
    assert page.locator("img, .logs script").count() == 0


def test_the_download_is_what_is_shown(page: Page, visitor: Visitor, store: Engine) -> None:
    log_lines(store, "keep me", service="recorder", level="WARNING")
    log_lines(store, "keep me too", service="other")
    visitor.open("/logs?level=warning&q=keep+me")
    expect(page.locator(".lr")).to_have_count(1)

    with page.expect_download() as text:
        page.get_by_role("link", name="Download as text").click()
    with page.expect_download() as rows:
        page.get_by_role("link", name="JSON").click()

    assert "WARNING  recorder     keep me" in text.value.path().read_text()
    assert text.value.suggested_filename.endswith(".txt")
    [row] = rows.value.path().read_text().splitlines()
    assert json.loads(row)["service"] == "recorder"


def test_what_was_logged_while_the_console_was_away_is_there_once(
    page: Page, visitor: Visitor, rig: LocalRig, store: Engine
) -> None:
    visitor.expect_complaints("ERR_CONNECTION_REFUSED", "WebSocket", "ERR_EMPTY_RESPONSE", "503")
    visitor.open("/logs?q=meanwhile")
    log_lines(store, "meanwhile 0")
    expect(page.locator(".lr")).to_have_count(1)
    rig.end("webserver")
    expect(page.locator("#connection")).to_have_text("Disconnected")
    log_lines(store, *(f"meanwhile {n}" for n in range(1, 8)))
    rig.start_console()

    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator(".lr")).to_have_count(8)
    assert shown(page) == [f"meanwhile {n}" for n in range(8)]


def test_twenty_thousand_lines_keep_forty_rows_in_the_document(
    page: Page, visitor: Visitor, store: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    store.append_many(LOGS, [log_entry(f"bulk {n}", service="bulk") for n in range(MANY)])
    visitor.open("/logs?service=bulk")
    count = page.locator(".count")
    expect(count).to_contain_text(re.compile(r"of (20|21|22),\d\d\d lines"))

    page.evaluate(_WATCH_FRAMES)
    for _ in range(20):
        page.get_by_role("listbox").hover()
        page.mouse.wheel(0, -20_000)
        store.append_many(LOGS, [log_entry("more", service="bulk")] * 50)
        page.wait_for_timeout(50)  # a frame or three for each
    frames: list[float] = page.evaluate("() => window.frames_ms")
    rows = page.locator(".lr").count()
    typed = page.evaluate(_TIME_FILTER)
    with capsys.disabled():
        print(  # noqa: T201 (measured figures)
            f"\n20,000 lines: {rows} rows, frames p50 {sorted(frames)[len(frames) // 2]:.0f} ms, "
            f"longest {max(frames):.0f} ms, a filter {typed:.0f} ms (goal 50 ms)"
        )

    assert rows <= 45
    expect(page.get_by_role("button", name=re.compile("Follow"))).to_be_visible()


def test_a_jump_to_a_time_shows_the_lines_of_that_time(
    page: Page, visitor: Visitor, store: Engine
) -> None:
    [key] = log_lines(store, "the moment")
    entry = store.get(LOGS, key)
    assert entry is not None
    store.append_many(LOGS, [log_entry(f"later {n}", service="later") for n in range(MANY + 3_000)])
    visitor.open(f"/logs?t={datetime.isoformat(entry.sent_at).replace('+00:00', 'Z')}")

    expect(page.locator(".lr", has_text="the moment")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator(".lr", has_text=f"later {MANY + 2_999}")).to_be_visible()
    expect(page).not_to_have_url(re.compile("t="))


def test_the_page_says_when_there_is_nothing_yet(browser: Browser, tmp_path: Path) -> None:
    with LocalRig(tmp_path, log_ship_level="CRITICAL") as rig:
        rig.start_console()
        with visiting(browser, rig) as visitor:
            page = visitor.open("/logs")

            expect(page.get_by_text("No lines yet")).to_be_visible()
            visitor.shoot("logs-empty")
            assert visitor.findings() == []


@pytest.mark.redis
def test_the_page_says_why_lines_cannot_be_had_and_tries_again(
    browser: Browser, tmp_path: Path
) -> None:
    with RedisServer(aof=True) as server, LocalRig(tmp_path, engine=server.unix_url) as rig:
        rig.start_console()
        with visiting(browser, rig) as visitor:
            visitor.expect_complaints("503")
            server.stop()
            page = visitor.open("/logs")
            alert = page.locator(".logs").get_by_role("alert")
            expect(alert).to_contain_text(re.compile("(does|did) not answer"))
            server.start()
            page.get_by_role("button", name="Try again").click()

            expect(page.locator(".lr").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_nothing_for_axe_to_find_and_nothing_sticks_out(
    browser: Browser, rig: LocalRig, store: Engine, theme: str, size: dict[str, int]
) -> None:
    log_lines(store, "shown", level="ERROR", exception="Trace\nValueError", fields={"n": 1})
    touch = size is not DESK
    with visiting(browser, rig, viewport=size, color_scheme=theme, has_touch=touch) as visitor:
        page = visitor.open("/logs?q=shown")
        expect(page.locator(".lr").last).to_be_visible()
        visitor.shoot(f"logs-{theme}-{size['width']}")
        assert visitor.findings() == []
        page.locator(".lr").last.click()
        expect(page.get_by_role("region", name="Line detail")).to_be_visible()
        visitor.shoot(f"logs-detail-{theme}-{size['width']}")

        assert visitor.findings() == []
        assert visitor.overflow() == ""


_WATCH_FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const watch = (now) => {
    window.frames_ms.push(now - last);
    last = now;
    requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
}"""

_TIME_FILTER = """() => {
  const input = document.querySelector('.filters input');
  const begun = performance.now();
  input.value = 'bulk 1';
  input.dispatchEvent(new Event('input'));
  return performance.now() - begun;
}"""
