"""A fault in a session: read across the room, on every page, and gone with the session."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import DESK, PHONE, TABLET, Theme, Visitor, visiting
from tests.support.waiting import wait_for

SERVICES = Path(__file__).parent / "services"
FAULT = "the session goes on without its controller, which cannot be restored"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    with LocalRig(tmp_path_factory.mktemp("rig"), services_dir=str(SERVICES)) as rig:
        rig.start_console()
        rig.start("brittle")
        yield rig


@pytest.fixture
def faulty(rig: LocalRig) -> Iterator[LocalRig]:
    """The rig, with a service that could not take up its session again."""
    rig.send("FOCUS", subject="M214 day 3")
    wait_for(lambda: rig.session()["services"] == ["brittle"], "the session")
    rig.end("brittle")
    rig.start("brittle")
    yield rig
    end_session(rig)


def end_session(rig: LocalRig) -> None:
    """End it, if it is still open, and wait until nobody is in it."""
    rig.send("END_FOCUS")
    wait_for(lambda: rig.session()["state"] == "idle", "the end of the session")


def test_a_fault_is_read_across_the_room_with_what_it_is(
    visitor: Visitor, page: Page, faulty: LocalRig
) -> None:
    visitor.open("/")
    hero = page.get_by_role("region", name="Session state")

    expect(hero.locator(".word")).to_have_text("FAULT")
    expect(hero).to_have_attribute("data-s", "bad")
    expect(hero.locator("svg.g use").first).to_have_attribute("href", re.compile("st-bad$"))
    expect(hero).to_contain_text(f"brittle: {FAULT}")
    expect(hero).to_contain_text("M214 day 3 stays open")
    expect(page.get_by_role("region", name="Needs attention")).to_contain_text(FAULT)
    expect(page.get_by_role("row", name="brittle")).to_contain_text("Fault")
    visitor.open("/commands")
    expect(page.get_by_role("link", name="Session FAULT")).to_be_visible()

    end_session(faulty)
    expect(page.get_by_role("link", name="Session IDLE")).to_be_visible()
    visitor.open("/")
    expect(hero.locator(".word")).to_have_text("IDLE")


def test_a_handler_that_failed_is_named_with_the_way_to_its_record(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/")
    attention = page.get_by_role("region", name="Needs attention")
    item = attention.get_by_role("listitem").filter(has_text="since it started")

    rig.send("TURN")
    expect(item).to_have_text(
        re.compile("brittle 1 handler failed since it started, last on TURN.")
    )
    newest = str(rig.send("TURN")["key"])
    expect(item).to_contain_text("2 handlers failed since it started, last on TURN.")
    act = item.get_by_role("link", name="Its record")
    expect(act).to_have_attribute("href", f"/commands?show={newest}")
    visitor.shoot("dashboard-failed-handler")
    assert visitor.findings() == []
    act.click()

    expect(page).to_have_url(re.compile(f"show={newest}"))
    expect(page.get_by_text("RuntimeError: the lens fell").first).to_be_visible()


@pytest.mark.parametrize("hand", ["mouse", "touch"])
def test_a_fault_has_no_finding_in_light_and_dark_and_fits_the_window(
    browser: Browser, faulty: LocalRig, hand: str
) -> None:
    touch = hand == "touch"
    sizes = {"tablet": TABLET, "phone": PHONE} if touch else {"desk": DESK}
    first = next(iter(sizes.values()))
    theme: Theme
    with visiting(browser, faulty, viewport=first, has_touch=touch, is_mobile=touch) as visitor:
        page = visitor.open("/")
        expect(page.locator("dp-hero .word")).to_have_text("FAULT")
        for size, viewport in sizes.items():
            page.set_viewport_size(viewport)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                visitor.shoot(f"dashboard-fault-{size}-{theme}")
                assert visitor.findings() == [], theme
            assert visitor.overflow() == ""
