"""A note with one key: stamped with the time it was begun, on the record like any command."""

from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import Visitor, rows


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_note_carries_the_time_at_which_it_was_begun(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands")

    page.keyboard.press("a")
    field = page.get_by_role("dialog", name="Note").get_by_role("textbox")
    expect(field).to_be_focused()
    marker = rig.send("PING", key="while it is written")
    page.keyboard.type("looks\n".rstrip())
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("tired")
    visitor.shoot("note")
    assert visitor.findings() == []
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog", name="Note")).to_be_hidden()
    expect(rows(page).filter(has_text="NOTE")).to_contain_text("looks")
    note = rig.latest("NOTE")
    assert note["body"]["text"] == "looks\ntired"
    assert note["sender"].startswith("webserver:")
    assert note["problem"] is None
    begun = moment(note["body"]["at"])
    assert begun < moment(note["sent_at"])
    # The browser knows the server's clock from its heartbeat, to the time that one travels.
    assert begun < moment(marker["sent_at"]) + timedelta(seconds=1)
    assert moment(note["sent_at"]) > moment(marker["sent_at"])


def test_a_note_that_was_put_off_is_there_again_with_its_time(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/")
    page.get_by_role("button", name="Add note").click()
    dialog = page.get_by_role("dialog", name="Note")
    heading = dialog.get_by_role("heading").inner_text()
    page.keyboard.type("half a sentence")
    dialog.get_by_role("button", name="Later").click()
    expect(dialog).to_be_hidden()

    page.keyboard.press("a")

    expect(dialog.get_by_role("textbox")).to_have_value("half a sentence")
    assert dialog.get_by_role("heading").inner_text() == heading
    dialog.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("status").filter(has_text="Noted")).to_be_visible()
    assert rig.latest("NOTE")["body"]["text"] == "half a sentence"


def test_a_half_note_goes_along_to_another_page_and_through_a_reload(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Note")
    heading = dialog.get_by_role("heading").inner_text()
    page.keyboard.type("the animal")
    page.reload()
    visitor.open("/")

    page.keyboard.press("a")
    expect(dialog.get_by_role("textbox")).to_have_value("the animal")
    assert dialog.get_by_role("heading").inner_text() == heading
    page.keyboard.press("End")
    page.keyboard.type(" sleeps")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()

    assert rig.latest("NOTE")["body"]["text"] == "the animal sleeps"
    page.keyboard.press("a")
    expect(dialog.get_by_role("textbox")).to_have_value("")
