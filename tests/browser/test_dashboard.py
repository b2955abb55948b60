"""The Dashboard: the state of the rig as somebody sees it from across the room."""

import re
import signal
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Response, expect
from pydantic import Field

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines import open_engine
from durapy_core.engines.base import CATALOG
from durapy_core.history_check import check_history
from durapy_core.versions import publish_catalog
from tests.support.local_rig import LocalRig
from tests.support.visitor import DESK, TABLET, Visitor


def service(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def mark(place: Locator) -> Locator:
    """The shape that goes with a status."""
    return place.locator("svg.g use").first


def test_an_idle_rig_says_so_and_offers_to_begin(visitor: Visitor, page: Page) -> None:
    visitor.open("/")

    hero = page.get_by_role("region", name="Session state")
    expect(hero).to_contain_text("IDLE")
    expect(hero).to_contain_text("No session open. 3 of 3 services up.")
    for name in ("pinger", "ponger", "webserver"):
        expect(service(page, name)).to_contain_text("Up")
    expect(page.get_by_text("every running service answers")).to_be_visible()
    visitor.shoot("dashboard-idle")
    hero.get_by_role("link", name="Start session…").click()

    expect(page.get_by_role("heading", name="INITIATE_SESSION")).to_be_visible()


class LongOddCommand(Command, type="ODD"):
    text: str = Field(min_length=5)


class OddCommand(Command, type="ODD"):
    text: str = Field(min_length=2)


def test_a_command_that_changed_needs_attention_until_the_records_were_checked(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    attention = page.locator("dp-attention")
    with open_engine(rig.store) as engine:
        for command in (LongOddCommand, OddCommand):
            types = (publish_type(command, [Role.HANDLES]),)
            publish_catalog(engine, PublishedCatalog(service="odd", types=types))

        visitor.open("/")
        expect(attention).to_contain_text("ODD text.minLength differs from version")
        visitor.shoot("dashboard-changed")
        check_history(engine, progress=lambda _count, _entry: None)
        visitor.open("/")

        expect(attention).to_contain_text("every running service answers")
        engine.remove(CATALOG, "odd")


def test_a_session_is_shown_and_ended_from_here(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/")
    hero = page.get_by_role("region", name="Session state")

    with rig.in_session(subject="M214 day 3"):
        expect(hero).to_contain_text("RUNNING")
        expect(hero).to_contain_text("M214 day 3, 2 of 2 services in session")
        expect(hero.get_by_role("timer")).to_have_text(re.compile(r"00:00:0[1-9]"))
        expect(service(page, "ponger")).to_contain_text("in session")
        expect(page.get_by_text("lag, worst")).to_be_visible()
        visitor.shoot("dashboard-session")
        button = hero.get_by_role("button", name="End session…")
        button.click()
        dialog = page.get_by_role("dialog", name="End the session M214 day 3?")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        visitor.shoot("dashboard-end-dialog")
        page.keyboard.press("Escape")
        expect(button).to_be_focused()
        button.click()
        dialog.get_by_role("button", name="End session").click()

        expect(hero).to_contain_text("IDLE")


def test_a_killed_service_is_down_in_words_and_shape(
    visitor: Visitor, page: Page, rig: LocalRig, measured: Callable[[str], None]
) -> None:
    visitor.open("/")
    row = service(page, "ponger")
    expect(mark(row)).to_have_attribute("href", re.compile("st-ok$"))

    rig.end("ponger", signal.SIGKILL)
    killed_at = time.monotonic()

    expect(row).to_contain_text("Down")
    measured(f"a killed service is down after {time.monotonic() - killed_at:.1f} s (goal: 4 s)")
    expect(mark(row)).to_have_attribute("href", re.compile("st-bad$"))
    attention = page.get_by_role("region", name="Needs attention")
    expect(attention).to_contain_text("ponger does not answer any more.")
    expect(page.get_by_text("1 down")).to_be_visible()
    visitor.shoot("dashboard-service-down")
    assert visitor.findings() == []

    rig.start("ponger")
    expect(row).to_contain_text("Up")
    expect(row).to_have_count(1)


def test_a_session_whose_services_are_gone_is_unknown(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/")
    hero = page.get_by_role("region", name="Session state")

    with rig.in_session(subject="cut"):
        expect(hero).to_contain_text("RUNNING")
        expect(service(page, "ponger").locator(".lag")).to_be_visible()
        expect(service(page, "ponger").locator("dp-spark path")).to_have_count(2)
        for name in ("pinger", "ponger"):
            rig.end(name, signal.SIGKILL)

        expect(hero).to_contain_text("UNKNOWN")
        expect(mark(hero)).to_have_attribute("href", re.compile("st-todo$"))
        expect(service(page, "ponger").locator(".lag")).to_have_count(0)
        expect(service(page, "ponger").locator("dp-spark path")).to_have_count(0)
        expect(hero).to_contain_text(
            "Session cut is open, but pinger, ponger can no longer be heard"
        )
        visitor.shoot("dashboard-session-unknown")
        rig.start("pinger", "ponger")

        expect(hero).to_contain_text("RUNNING")
    expect(hero).to_contain_text("IDLE")


def test_a_stopped_service_is_stopped_and_not_down(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/")

    rig.end("ponger")

    expect(service(page, "ponger")).to_contain_text("Stopped")
    expect(page.get_by_text("every running service answers")).to_be_visible()
    visitor.shoot("dashboard-service-stopped")
    rig.start("ponger")
    expect(service(page, "ponger")).to_contain_text("Up")


def test_nobody_to_restart_it_is_said_in_words(visitor: Visitor, page: Page) -> None:
    visitor.expect_complaints("503")
    visitor.open("/")

    page.get_by_role("button", name="Restart ponger").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart ponger").click()

    expect(page.locator(".toast")).to_contain_text(re.compile("restart", re.IGNORECASE))
    visitor.shoot("dashboard-nobody-restarts")


def test_the_state_can_be_read_from_two_metres(visitor: Visitor, page: Page) -> None:
    visitor.open("/")
    expect(page.locator("dp-hero .word")).to_be_visible()

    for size in (DESK, TABLET):
        page.set_viewport_size(size)

        assert page.evaluate(_CAP_HEIGHT) >= 44, size


_CAP_HEIGHT = """() => {
  const style = getComputedStyle(document.querySelector('dp-hero .word'));
  const pen = document.createElement('canvas').getContext('2d');
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return pen.measureText('H').actualBoundingBoxAscent;
}"""


def test_the_theme_is_kept_on_this_browser(visitor: Visitor, page: Page) -> None:
    visitor.open("/")
    page.get_by_role("button", name="Dark or light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    visitor.open("/commands")

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_page_is_small(visitor: Visitor, page: Page, measured: Callable[[str], None]) -> None:
    answers: list[Response] = []

    def take(answer: Response) -> None:
        answers.append(answer)

    page.on("response", take)

    visitor.open("/")
    expect(page.locator("dp-plot canvas")).to_have_count(2)

    kinds = {"document": 0, "script": 0, "stylesheet": 0, "font": 0}
    for answer in answers:
        kind = answer.request.resource_type
        if kind in kinds:
            kinds[kind] += len(answer.body())
    fonts = kinds.pop("font")
    size_kb = sum(kinds.values()) / 1000
    measured(f"the dashboard is {size_kb:.0f} kB and {fonts / 1000:.0f} kB of fonts (goal: 300 kB)")
    assert size_kb <= 300
