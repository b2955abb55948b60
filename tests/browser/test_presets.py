"""Favourites and presets: kept by the server, so that every browser of the rig has them."""

import re

from playwright.sync_api import Browser, Page, expect

from durapy_core.engines import open_engine
from tests.support.local_rig import CONSOLE, LocalRig
from tests.support.visitor import Visitor, visiting
from webserver.presets import save_preset


def test_a_favourite_moves_to_the_top_for_everybody(
    visitor: Visitor, page: Page, browser: Browser, rig: LocalRig
) -> None:
    visitor.open("/commands?type=PING")
    palette = page.get_by_label("Command types")

    page.get_by_role("button", name="Favourite").click()

    expect(palette.get_by_role("heading").first).to_have_text("Favourites")
    expect(palette.get_by_role("button").first).to_have_text("PING")
    visitor.shoot("commands-favourite")
    with visiting(browser, rig) as other:
        elsewhere = other.open("/commands?type=PING")
        expect(elsewhere.get_by_role("button", name="Favourite")).to_have_attribute(
            "aria-pressed", "true"
        )
    page.get_by_role("heading", name="PING", exact=True).click()  # so that no field has the focus
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "false")
    expect(palette.get_by_role("heading").first).not_to_have_text("Favourites")
    assert rig.api("GET", "presets")["favourites"] == []


def test_a_preset_is_saved_filled_in_elsewhere_and_removed(
    visitor: Visitor, page: Page, browser: Browser, rig: LocalRig
) -> None:
    visitor.open("/commands?type=PING")
    page.get_by_label("Key", exact=True).fill("from the preset")

    page.get_by_role("button", name="Save preset").click()
    dialog = page.get_by_role("dialog", name="Save preset")
    expect(dialog.get_by_label("Name")).to_be_focused()
    visitor.shoot("commands-save-preset")
    assert visitor.findings() == []
    page.keyboard.type("Warm-up, 20 trials")
    page.keyboard.press("Enter")

    chip = page.get_by_role("button", name="Warm-up, 20 trials", exact=True)
    expect(chip).to_be_visible()
    with visiting(browser, rig) as other:
        elsewhere = other.open("/commands?type=PING")
        elsewhere.get_by_role("button", name="Warm-up, 20 trials", exact=True).click()
        expect(elsewhere.get_by_label("Key", exact=True)).to_have_value("from the preset")
        expect(elsewhere).to_have_url(re.compile(r"preset=Warm-up"))
        elsewhere.reload()
        expect(elsewhere.get_by_label("Key", exact=True)).to_have_value("from the preset")
        other.shoot("commands-preset")

    page.get_by_role("button", name="Remove the preset").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(chip).to_have_count(0)
    assert rig.api("GET", "presets")["presets"] == []


def test_what_somebody_saves_shows_in_an_open_page_of_another_browser(
    visitor: Visitor, page: Page, browser: Browser, rig: LocalRig
) -> None:
    visitor.open("/commands?type=PING")
    with visiting(browser, rig) as other:
        elsewhere = other.open("/commands?type=PING")
        elsewhere.get_by_label("Key", exact=True).fill("half a form")
        chip = elsewhere.get_by_role("button", name="Of another", exact=True)
        star = elsewhere.get_by_role("button", name="Favourite")

        page.get_by_role("button", name="Favourite").click()
        page.get_by_label("Key", exact=True).fill("of another")
        page.get_by_role("button", name="Save preset").click()
        page.keyboard.type("Of another")
        page.keyboard.press("Enter")

        expect(chip).to_be_visible()
        expect(star).to_have_attribute("aria-pressed", "true")
        expect(elsewhere.get_by_label("Command types").get_by_role("heading").first).to_have_text(
            "Favourites"
        )
        expect(elsewhere.get_by_label("Key", exact=True)).to_have_value("half a form")

        page.get_by_role("button", name="Remove the preset").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Favourite").click()

        expect(chip).to_have_count(0)
        expect(star).to_have_attribute("aria-pressed", "false")
    assert rig.api("GET", "presets") == {"favourites": [], "presets": []}


def test_a_page_that_was_cut_off_reads_the_presets_again(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.expect_complaints("WebSocket connection", "ERR_CONNECTION_REFUSED", "Failed to load")
    visitor.open("/commands?type=PING")

    rig.end(CONSOLE)
    with open_engine(rig.store) as engine:
        save_preset(engine, "PING", "Meanwhile", {"key": "a1"})
    rig.start_console()

    expect(page.get_by_role("button", name="Meanwhile", exact=True)).to_be_visible()
    rig.api("DELETE", "presets/PING/Meanwhile")
    expect(page.get_by_role("button", name="Meanwhile", exact=True)).to_have_count(0)
