"""What somebody sees who has an eye on several rigs: in the tabs, across the room, on a phone."""

import re
import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import PHONE, TABLET, Visitor, visiting


def test_a_tab_tells_the_state_and_the_name_of_its_rig(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/")
    expect(page).to_have_title("IDLE · rig 3 · Dashboard · DuraPy")

    with rig.in_session():
        expect(page).to_have_title("RUNNING · rig 3 · Dashboard · DuraPy")
        visitor.open("/logs")
        expect(page).to_have_title("RUNNING · rig 3 · Logs · DuraPy")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_service_that_goes_while_its_session_runs_is_a_fault(
    number: signal.Signals, visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    said = {
        signal.SIGKILL: "ponger does not answer any more. M214 stays open.",
        signal.SIGTERM: "ponger has stopped while its session is open. M214 stays open.",
    }
    visitor.open("/")
    hero = page.get_by_role("region", name="Session state")

    with rig.in_session(subject="M214"):
        expect(hero.locator(".word")).to_have_text("RUNNING")
        rig.end("ponger", number)

        expect(hero.locator(".word")).to_have_text("FAULT")
        expect(hero).to_have_attribute("data-s", "bad")
        expect(hero).to_contain_text(said[number])
        expect(page.locator("#attention")).to_contain_text("1")
        attention = page.get_by_role("region", name="Needs attention").first
        expect(attention.get_by_role("button", name="Restart ponger")).to_be_visible()
        visitor.shoot(f"dashboard-{number.name.lower()}-in-session")
        assert visitor.findings() == []
        visitor.open("/commands")
        expect(page.get_by_role("link", name="Session FAULT")).to_be_visible()
        visitor.open("/")
        rig.start("ponger")

        expect(hero.locator(".word")).to_have_text("RUNNING")
    expect(hero.locator(".word")).to_have_text("IDLE")


def test_a_session_that_nobody_can_be_heard_of_can_be_ended_and_is_when_they_are_back(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/")
    hero = page.get_by_role("region", name="Session state")

    with rig.in_session(subject="cut off"):
        for name in ("pinger", "ponger"):
            rig.end(name, signal.SIGKILL)
        expect(hero.locator(".word")).to_have_text("UNKNOWN")
        hero.get_by_role("button", name="End session…").click()
        dialog = page.get_by_role("dialog", name="End the session cut off?")
        expect(dialog).to_contain_text("They hear it when they run again.")
        dialog.get_by_role("button", name="End session").click()
        expect(dialog).to_be_hidden()
        for name in ("pinger", "ponger"):
            rig.start(name)

        expect(hero.locator(".word")).to_have_text("IDLE")


def test_a_problem_stays_in_view_while_good_news_comes_and_goes(
    visitor: Visitor, page: Page
) -> None:
    visitor.open("/")

    page.evaluate(
        """async () => {
          const { toast } = await import('/static/durapy/client.js');
          toast('bad', 'the valve is stuck');
          toast('ok', 'first');
          toast('ok', 'second');
        }"""
    )
    expect(page.locator(".toast")).to_have_text([re.compile("is stuck"), re.compile("second")])
    page.evaluate(
        """async () => {
          const { toast } = await import('/static/durapy/client.js');
          toast('bad', 'the valve is stuck');
        }"""
    )

    expect(page.locator(".toast")).to_have_text([re.compile("is stuck")])
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".toast")).to_have_count(0)


def test_a_narrow_window_names_its_rig_and_has_every_icon_in_view(
    browser: Browser, rig: LocalRig
) -> None:
    for size in (TABLET, PHONE):
        with visiting(browser, rig, viewport=size, has_touch=True, is_mobile=True) as visitor:
            page = visitor.open("/")
            expect(page.locator("#topbar").get_by_text("rig 3")).to_be_visible()
            pressed = page.locator("#rail").locator("a:visible, button:visible")
            for each in pressed.all():
                expect(each).to_be_in_viewport(ratio=1)
            assert pressed.count() >= 7
