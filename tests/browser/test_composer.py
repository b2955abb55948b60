"""The form of the Commands page in odd moments: a double click, a type that goes, no answer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from playwright.sync_api import Locator, Page, Route, expect

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines import open_engine
from durapy_core.engines.base import CATALOG
from durapy_core.versions import publish_catalog
from tests.support.local_rig import Json, LocalRig
from tests.support.visitor import Visitor, rows
from tests.support.waiting import wait_for

TYPES = re.compile(r"/api/v1/types$")


class FleetingCommand(Command, type="FLEETING"):
    """Is published for a while."""

    text: str


def form(page: Page) -> Locator:
    return page.locator("cmd-composer")


def row(page: Page, text: str) -> Locator:
    return rows(page).filter(has_text=text)


@contextmanager
def published(rig: LocalRig) -> Iterator[None]:
    """Have a service publish FLEETING."""
    with open_engine(rig.store) as engine:
        types = (publish_type(FleetingCommand, [Role.HANDLES]),)
        publish_catalog(engine, PublishedCatalog(service="fleeting", types=types))
        try:
            yield
        finally:
            engine.remove(CATALOG, "fleeting")


def test_a_double_click_sends_once(visitor: Visitor, page: Page, rig: LocalRig) -> None:
    key = f"double {uuid4()}"
    visitor.open("/commands?type=PING&filter_sender=webserver:user")
    page.get_by_label("Key", exact=True).fill(key)
    box = page.get_by_role("button", name="Send", exact=True).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 10)

    page.mouse.down()
    page.mouse.up()
    expect(row(page, key)).to_have_count(1)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.get_by_label("Key", exact=True).fill(f"after the {key}")
    page.keyboard.press("Control+Enter")
    expect(row(page, f"after the {key}")).to_be_visible()

    assert len(rig.records(text=key)) == 2  # one of them the later one
    expect(page.get_by_role("status").filter(has_text="PING sent at")).to_be_visible()


def test_what_is_typed_stays_when_its_command_is_published_no_longer(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands")
    with published(rig):
        page.get_by_label("Command types").get_by_role("button", name="FLEETING").click()
        page.get_by_label("Text", exact=True).fill("half a form")

    expect(form(page)).to_contain_text("No service knows it any more")
    expect(form(page).get_by_role("heading")).to_have_text("FLEETING")
    expect(page.get_by_label("Text", exact=True)).to_have_value("half a form")
    expect(form(page).get_by_role("button", name="Send")).to_be_disabled()
    visitor.shoot("commands-gone")
    assert visitor.findings() == []
    with published(rig):
        expect(form(page).get_by_role("button", name="Send")).to_be_enabled()
        expect(page.get_by_label("Text", exact=True)).to_have_value("half a form")


def test_an_address_that_names_an_unknown_command_says_so(visitor: Visitor, page: Page) -> None:
    visitor.open("/commands?type=<b>PNIG</b>")

    expect(page.locator("#toasts")).to_contain_text(
        "No service has published a command <b>PNIG</b>."
    )
    expect(form(page).get_by_role("heading")).to_have_text("INITIATE_SESSION")


def test_commands_that_cannot_be_read_are_told_of_and_asked_for_again(
    visitor: Visitor, page: Page
) -> None:
    visitor.expect_complaints("503")
    message = "The command store does not answer."

    def refuse(route: Route) -> None:
        error = {"code": "engine_unavailable", "message": message, "errors": []}
        route.fulfill(status=503, json={"error": error})

    page.route(TYPES, refuse)
    visitor.open("/commands?type=PING")

    expect(form(page).get_by_role("alert")).to_contain_text("The commands could not be read")
    expect(form(page).get_by_role("alert")).to_contain_text(message)
    expect(page.get_by_label("Command types")).to_contain_text(message)
    visitor.shoot("commands-unread")
    assert visitor.findings() == []
    page.unroute(TYPES)
    form(page).get_by_role("button", name="Try again").click()

    expect(form(page).get_by_role("heading")).to_have_text("PING")


def test_the_dashboard_says_that_commands_cannot_be_read_and_reads_them_again_by_itself(
    visitor: Visitor, page: Page
) -> None:
    visitor.expect_complaints("503")
    page.route(TYPES, lambda route: route.fulfill(status=503, json={}))
    visitor.open("/")

    expect(page.locator("dp-attention")).to_contain_text("The list of commands could not be read")
    page.unroute(TYPES)

    expect(page.get_by_role("link", name="Start session…")).to_be_visible()
    expect(page.locator("dp-attention")).to_contain_text("every running service answers")


def test_what_a_session_or_its_absence_refuses_is_said_before_it_is_sent(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands?type=END_SESSION")
    expect(form(page)).to_contain_text("no session is open that it ends")

    with rig.in_session():
        expect(form(page)).not_to_contain_text("no session is open that it ends")
        visitor.open("/commands?type=INITIATE_SESSION")
        expect(form(page)).to_contain_text("refused now by pinger, ponger: a session is open")
        visitor.shoot("commands-refused-now")
        assert visitor.findings() == []

    expect(form(page)).not_to_contain_text("refused now")
    rig.api("POST", "safe-state")
    try:
        expect(form(page)).to_contain_text("refused now: the rig is in the safe state")
    finally:
        rig.api("POST", "safe-state/clear")


def test_what_the_rig_refuses_is_taken_back_also_where_the_form_came_after_the_rigs_state(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(TYPES, hold)
    visitor.open("/commands?type=END_SESSION")
    expect(page.get_by_role("link", name="IDLE")).to_be_visible()
    assert held
    for route in held:
        route.continue_()
    expect(form(page)).to_contain_text("no session is open that it ends")

    with rig.in_session():
        expect(form(page)).not_to_contain_text("no session is open that it ends")


def test_a_preset_that_takes_the_place_of_another_says_so(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    rig.api("PUT", "presets/PING/warm-up", json={"body": {"key": "old"}})
    visitor.open("/commands?type=PING")
    page.get_by_label("Key", exact=True).fill("new")

    page.get_by_role("button", name="Save preset").click()
    dialog = page.get_by_role("dialog", name="Save preset")
    page.keyboard.type("warm-up")
    dialog.get_by_role("button", name="Replace").click()

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="warm-up", exact=True)).to_have_count(1)

    def kept() -> list[Json]:
        return [preset["body"] for preset in rig.api("GET", "presets")["presets"]]

    wait_for(lambda: kept() == [{"key": "new"}], "the one preset to be replaced")
    rig.api("DELETE", "presets/PING/warm-up")


def test_what_is_wrong_shows_at_its_field_also_while_the_form_is_shown_as_json(
    visitor: Visitor, page: Page
) -> None:
    visitor.open("/commands?type=INITIATE_SESSION")
    page.get_by_label("Subject").fill("x" * 81)
    page.get_by_role("button", name="JSON").click()
    expect(page.get_by_label("Subject")).to_be_hidden()

    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.get_by_label("Subject")).to_be_focused()
    expect(form(page)).to_contain_text("At most 80 characters")


def test_a_half_form_is_there_again_after_another_form_a_page_and_a_reload(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    key = f"left {uuid4()}"
    visitor.open("/commands?type=PING")
    page.get_by_label("Key", exact=True).fill(key)
    expect(form(page)).not_to_contain_text("as you left it")

    page.get_by_label("Command types").get_by_role("button", name="NOTE").click()
    expect(form(page).get_by_role("heading")).to_have_text("NOTE")
    visitor.open("/")
    visitor.open("/commands?type=PING")
    page.reload()

    expect(page.get_by_label("Key", exact=True)).to_have_value(key)
    expect(form(page)).to_contain_text("as you left it, not sent")
    visitor.shoot("commands-left")
    assert visitor.findings() == []
    page.keyboard.press("Control+Enter")
    expect(row(page, key)).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("sent at")  # the row may show before
    page.reload()
    expect(page.get_by_label("Key", exact=True)).to_have_value("")
    page.get_by_label("Key", exact=True).fill("not wanted")
    form(page).get_by_role("button", name="Defaults").click()
    page.reload()
    expect(page.get_by_label("Key", exact=True)).to_have_value("")
