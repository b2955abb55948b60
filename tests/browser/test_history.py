"""The history of the Commands page: records with a problem, the chosen one, the way there."""

import re

from playwright.sync_api import Locator, Page, expect

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS
from durapy_core.entry import NewEntry
from tests.support.local_rig import LocalRig
from tests.support.visitor import Visitor, rows


def row(page: Page, text: str) -> Locator:
    return rows(page).filter(has_text=text)


def detail(page: Page) -> Locator:
    return page.get_by_role("region", name="Command detail")


def store(rig: LocalRig, body: str) -> None:
    """Put a record into the store past the console, as another program may."""
    with open_engine(f"sqlite:///{rig.folder}/commands.db") as engine:
        engine.append(COMMANDS, NewEntry(type="PING", body=body, sender="matlab"))


def test_only_the_records_with_a_problem_are_shown_on_demand(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    rig.send("PING", key="sound")
    store(rig, '{"kye": "misspelt"}')
    visitor.open("/commands")
    expect(row(page, "sound")).to_be_visible()

    button = page.get_by_role("button", name="Only records with a problem")
    button.click()
    expect(row(page, "sound")).to_have_count(0)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("key")  # why it cannot be read
    rig.send("PING", key="sound as well")
    store(rig, "no JSON")
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(re.compile("filter_problem=1"))
    visitor.shoot("commands-problems")
    assert visitor.findings() == []
    page.reload()

    expect(rows(page)).to_have_count(2)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(row(page, "sound as well")).to_be_visible()


def test_the_chosen_record_is_in_the_address_and_closing_it_leads_back_to_its_row(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    chosen = rig.send("PING", key="chosen")
    visitor.open("/commands?filter_text=chosen")

    row(page, "chosen").get_by_role("button").click()
    expect(page).to_have_url(re.compile(f"show={chosen['key']}"))
    page.reload()
    expect(detail(page)).to_contain_text('"chosen"')
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("chosen")
    detail(page).get_by_role("button", name="Close detail").click()

    expect(row(page, "chosen").get_by_role("button")).to_be_focused()
    expect(page).not_to_have_url(re.compile("show="))


def test_a_command_of_the_dashboard_leads_to_its_detail_and_fills_no_form(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    rig.send("PING", key="look at me")
    visitor.open("/")

    latest = page.get_by_role("region", name="Latest commands")
    latest.get_by_role("row").filter(has_text="look at me").get_by_role("link").click()

    expect(detail(page)).to_contain_text('"look at me"')
    expect(page.locator("cmd-composer").get_by_role("heading")).to_have_text("INITIATE_SESSION")
