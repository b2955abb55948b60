"""The history of the Commands page: records with a problem, the chosen one, the way there."""

import re

from playwright.sync_api import Browser, Locator, Page, expect

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS
from durapy_core.entry import NewEntry
from tests.support.local_rig import LocalRig
from tests.support.visitor import PHONE, Visitor, rows, visiting
from tests.support.waiting import wait_for

LATEST = re.compile(r"/api/v1/commands\?")


def row(page: Page, text: str) -> Locator:
    return rows(page).filter(has_text=text)


def detail(page: Page) -> Locator:
    return page.get_by_role("region", name="Command detail")


def store(rig: LocalRig, body: str) -> None:
    """Put a record into the store past the console, as another program may."""
    with open_engine(rig.store) as engine:
        engine.append(COMMANDS, NewEntry(type="PING", body=body, sender="matlab"))


def test_only_the_records_with_a_problem_are_shown_on_demand(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    rig.send("PING", key="sound")
    store(rig, '{"kye": "misspelt"}')
    visitor.open("/commands")
    expect(row(page, "sound").first).to_be_visible()

    button = page.get_by_role("button", name="Only records with a problem")
    button.click()
    expect(row(page, "sound")).to_have_count(0)
    unsound = len(rig.records(problem="1"))
    expect(rows(page)).to_have_count(unsound)
    expect(rows(page).first).to_contain_text("key")  # why it cannot be read
    rig.send("PING", key="sound as well")
    store(rig, "no JSON")
    expect(rows(page)).to_have_count(unsound + 1)
    expect(page).to_have_url(re.compile("filter_problem=1"))
    visitor.shoot("commands-problems")
    assert visitor.findings() == []
    page.reload()

    expect(rows(page)).to_have_count(unsound + 1)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(row(page, "sound as well").first).to_be_visible()


def test_the_chosen_record_is_in_the_address_and_closing_it_leads_back_to_its_row(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    chosen = rig.send("PING", key="chosen")
    visitor.open("/commands?filter_text=chosen")

    row(page, "chosen").first.get_by_role("button").click()
    expect(page).to_have_url(re.compile(f"show={chosen['key']}"))
    page.reload()
    expect(detail(page)).to_contain_text('"chosen"')
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("chosen")
    detail(page).get_by_role("button", name="Close detail").click()

    expect(row(page, "chosen").first.get_by_role("button")).to_be_focused()
    expect(page).not_to_have_url(re.compile("show="))


def test_a_command_of_the_dashboard_leads_to_its_detail_and_fills_no_form(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    rig.send("PING", key="look at me")
    visitor.open("/")

    latest = page.get_by_role("region", name="Latest commands")
    latest.get_by_role("row").filter(has_text="look at me").first.get_by_role("link").click()

    expect(detail(page)).to_contain_text('"look at me"')
    expect(page.locator("cmd-composer").get_by_role("heading")).to_have_text("INITIATE_SESSION")


def test_on_a_phone_a_row_leads_to_its_detail_of_which_nothing_is_cut_off(
    browser: Browser, rig: LocalRig
) -> None:
    with rig.in_session(prefix="phone"):
        wait_for(lambda: rig.records(type="PONG", text="phone-"), "a pong")
    with visiting(browser, rig, viewport=PHONE, has_touch=True, is_mobile=True) as visitor:
        page = visitor.open("/commands?filter_text=phone-&filter_type=PING")
        row(page, "phone-").first.tap()

        expect(detail(page).get_by_role("button", name="Edit and resend")).to_be_in_viewport()
        expect(detail(page).get_by_role("row").filter(has_text="ponger")).to_contain_text("Done")
        expect(detail(page).get_by_role("region", name="What led to it")).to_be_visible()
        visitor.shoot("commands-detail-tapped")
        assert detail(page).evaluate("e => e.scrollWidth - e.clientWidth") == 0


def test_latest_commands_that_cannot_be_read_are_asked_for_again(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.expect_complaints("503")
    rig.send("PING", key="read at last")
    refused = {"error": {"code": "engine_unavailable", "message": "No answer.", "errors": []}}
    page.route(LATEST, lambda route: route.fulfill(status=503, json=refused))
    visitor.open("/")
    ticker = page.get_by_role("region", name="Latest commands")
    expect(ticker.get_by_role("alert")).to_contain_text("No answer.")

    page.unroute(LATEST)
    ticker.get_by_role("button", name="Try again").click()

    expect(ticker).to_contain_text("read at last")
