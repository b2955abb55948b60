"""The console goes away and comes back: what an open page says, and that it misses nothing."""

import re
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS
from durapy_core.entry import NewEntry
from tests.support.local_rig import CONSOLE, LocalRig, keys
from tests.support.visitor import Visitor, rows, visiting

RETRIES = ("WebSocket connection", "ERR_CONNECTION_REFUSED", "Failed to load resource")


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    with LocalRig(tmp_path_factory.mktemp("rig")) as rig:
        rig.start_console()
        rig.start("ponger")
        yield rig


def test_a_lost_console_is_told_and_nothing_is_missed_or_doubled_afterwards(
    visitor: Visitor,
    page: Page,
    browser: Browser,
    rig: LocalRig,
    measured: Callable[[str], None],
) -> None:
    visitor.expect_complaints(*RETRIES)
    for n in range(3):
        rig.send("PING", key=f"before-{n}")
    visitor.open("/commands?type=PING")
    expect(rows(page)).to_have_count(3)
    page.evaluate(_NOTE_KEYS)
    with visiting(browser, rig) as watcher:
        watcher.expect_complaints(*RETRIES)
        dashboard = watcher.open("/")
        expect(dashboard.locator("dp-hero")).to_contain_text("IDLE")

        killed_at = time.monotonic()
        rig.end(CONSOLE, signal.SIGKILL)
        expect(page.get_by_role("alert").get_by_text("Connection lost")).to_be_visible()
        expect(dashboard.get_by_role("alert").get_by_text("Connection lost")).to_be_visible()

        late_s = time.monotonic() - killed_at
        measured(f"a lost console is told of after {late_s:.1f} s (goal: 6 s)")
        assert late_s < 6
        assert_everything_is_off(visitor, watcher)
        while_away(rig)
        rig.start_console()
        expect(page.locator("#connection")).to_have_text("Live")
        expect(dashboard.locator("dp-hero")).to_contain_text("IDLE")
        expect(dashboard.get_by_role("button", name="Restart ponger")).to_be_enabled()

    rig.send("PING", key="after")
    expect(rows(page)).to_have_count(9)
    stored = keys(rig.records())
    assert page.evaluate("() => window.heard") == stored[:6][::-1]
    shown = page.locator("table.hist tbody tr td:last-child").all_inner_texts()
    assert [text.strip() for text in shown] == [f"key={r['body']['key']}" for r in rig.records()]


# From here on, every record that the page is told of.
_NOTE_KEYS = """async () => {
  const { durapy } = await import('/static/durapy/client.js');
  window.heard = [];
  durapy.on('*', (_body, { key }) => window.heard.push(key));
}"""


def assert_everything_is_off(visitor: Visitor, watcher: Visitor) -> None:
    commands, dashboard = visitor.page, watcher.page
    expect(commands.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    expect(commands.get_by_text("Not connected")).to_be_visible()
    expect(commands.get_by_text("as last received")).to_be_visible()
    expect(commands.get_by_role("link", name="UNKNOWN")).to_be_visible()
    expect(commands.locator("#connection")).to_have_text("Disconnected")
    expect(dashboard.locator("dp-hero")).to_contain_text("UNKNOWN")
    expect(dashboard.locator("dp-hero")).to_contain_text("Last seen IDLE")
    expect(dashboard.get_by_text("was up")).to_have_count(2)
    expect(dashboard.get_by_role("button", name="Restart ponger")).to_be_disabled()
    expect(dashboard.locator("#notice[role=alert]")).to_contain_text(re.compile("Trying again"))
    for each, name in ((visitor, "commands"), (watcher, "dashboard")):
        each.shoot(f"{name}-disconnected")
        for theme in ("light", "dark"):
            each.page.emulate_media(color_scheme=theme)
            assert each.findings() == [], (name, theme)


def while_away(rig: LocalRig) -> None:
    """Somebody else goes on sending, straight into the store."""
    with open_engine(rig.store) as engine:
        for n in range(5):
            engine.append(
                COMMANDS, NewEntry(type="PING", body=f'{{"key": "away-{n}"}}', sender="x")
            )


def test_a_browser_that_was_signed_out_elsewhere_is_sent_to_sign_in(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.expect_complaints(*RETRIES, "401", "Unexpected response code")
    visitor.open("/commands")

    visitor.context.clear_cookies()
    rig.end(CONSOLE)
    rig.start_console()

    expect(page.get_by_text("You are signed out.")).to_be_visible()
    visitor.shoot("commands-signed-out")
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("Access token")).to_be_visible()
