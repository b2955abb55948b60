"""The main tasks with the keyboard alone."""

import re

from playwright.sync_api import Page, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import TABLET, Visitor, rows
from tests.support.waiting import wait_for


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    seen: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        seen.append(focused["name"])
        assert focused["visible"], f"the focus on {focused['name']!r} cannot be seen"
        if focused["name"] == name:
            return
    raise AssertionError(f"Tab never reaches {name!r}; it reached {seen}")


# What has the focus, and whether that shows: by an outline, a border or a shadow.
_FOCUSED = """() => {
  const e = document.activeElement;
  const label = e.labels?.[0]?.textContent;
  const style = getComputedStyle(e);
  const name = e.getAttribute('aria-label') ?? label ?? e.textContent;
  return {
    name: name.trim().replace(/\\s+/g, ' '),
    visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1.5,
  };
}"""


def test_a_whole_session_needs_no_mouse(visitor: Visitor, page: Page, rig: LocalRig) -> None:
    visitor.open("/")
    tab_to(page, "Start session…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="INITIATE_SESSION")).to_be_visible()

    tab_to(page, "Subject")
    page.keyboard.type("by keys")
    page.keyboard.press("Control+Enter")
    expect(rows(page).filter(has_text="PONG").first).to_be_visible()
    assert rig.latest("INITIATE_SESSION")["body"]["subject"] == "by keys"

    tab_to(page, "Defaults")
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.locator("dp-hero")).to_contain_text("RUNNING")
    tab_to(page, "End session…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("dp-hero")).to_contain_text("IDLE")


def test_a_command_is_found_by_n_and_its_form_filled(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands")

    page.keyboard.press("n")
    expect(page.get_by_label("Find a command")).to_be_focused()
    page.keyboard.type("ping")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="PING", exact=True)).to_be_visible()
    tab_to(page, "Key")
    page.keyboard.type("n and Enter")
    page.keyboard.press("Control+Enter")

    wait_for(lambda: rig.records(text="n and Enter"), "the ping")


def test_rows_are_walked_by_j_and_k_and_resent_by_e(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    for name in ("one", "two", "three"):
        rig.send("PING", key=name)
    visitor.open("/commands?filter_text=PING")
    expect(rows(page).nth(2)).to_be_visible()

    for key in "jjjk":
        page.keyboard.press(key)
    expect(page.get_by_role("region", name="Command detail")).to_contain_text('"two"')
    expect(page.locator("tr[aria-selected=true] button")).to_be_focused()
    page.keyboard.press("e")

    expect(page.get_by_label("Key", exact=True)).to_have_value("two")
    expect(page.get_by_label("Key", exact=True)).to_be_focused()


def test_find_goes_to_a_page_a_command_and_a_service(visitor: Visitor, page: Page) -> None:
    visitor.open("/")

    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find").get_by_role("textbox")).to_be_focused()
    page.keyboard.type("pong")
    expect(page.get_by_role("dialog").get_by_role("link", name="PONG command")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("link", name="ponger service")).to_be_visible()
    visitor.shoot("find")
    page.keyboard.press("Control+a")
    page.keyboard.type("INIT")
    expect(page.get_by_role("dialog").get_by_role("link")).to_have_count(1)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("type=INITIATE_SESSION"))


def test_single_keys_rest_while_somebody_types_and_can_be_turned_off(
    visitor: Visitor, page: Page
) -> None:
    visitor.open("/commands")
    page.get_by_label("Subject").fill("")
    page.keyboard.type("t?nj")
    expect(page.get_by_label("Subject")).to_have_value("t?nj")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("button", name="Keyboard").click()
    page.get_by_label(re.compile("Single keys work")).uncheck()
    visitor.shoot("keyboard")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Keyboard")).to_be_focused()
    page.keyboard.press("t")

    expect(page.locator("html")).to_have_attribute("data-theme", "")


def test_the_list_of_keys_has_every_key_of_the_page(visitor: Visitor, page: Page) -> None:
    visitor.open("/commands")
    page.keyboard.press("?")

    box = page.get_by_role("dialog", name="Keyboard")
    expect(box).to_be_visible()
    rows = box.get_by_role("row")
    listed = {" ".join(row.locator("kbd").all_inner_texts()) for row in rows.all()}

    always = {"g d", "g c", "Ctrl K", "Ctrl .", "/", "a", "t", "?"}
    assert listed >= always | {"n", "f", "Ctrl Enter", "Space", "j", "k", "e"}


def test_the_first_tab_leads_past_the_navigation(visitor: Visitor, page: Page) -> None:
    visitor.open("/commands")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    visitor.shoot("skip-link")
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_find_leads_to_a_service_on_this_page_and_the_arrows_choose(
    visitor: Visitor, page: Page
) -> None:
    visitor.open("/commands")
    page.keyboard.press("Control+k")
    page.keyboard.type("ponger")
    page.keyboard.press("Enter")
    expect(page.locator("tr:target")).to_contain_text("ponger")

    page.keyboard.press("Control+k")
    page.keyboard.type("er")
    dialog = page.get_by_role("dialog", name="Find")
    expect(dialog.get_by_role("link", name="pinger service")).to_have_attribute(
        "aria-current", "true"
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    expect(dialog).to_be_hidden()
    expect(page.locator("tr:target")).to_contain_text("pinger")


def test_a_slash_goes_to_the_filter_of_the_history_or_else_to_find(
    visitor: Visitor, page: Page
) -> None:
    visitor.open("/commands")
    page.keyboard.press("/")
    expect(page.get_by_label("Filter by text")).to_be_focused()

    visitor.open("/")
    page.keyboard.press("/")
    expect(page.get_by_role("dialog", name="Find").get_by_role("textbox")).to_be_focused()


def test_n_leads_to_the_menu_where_the_list_has_no_room(visitor: Visitor, page: Page) -> None:
    page.set_viewport_size(TABLET)
    visitor.open("/commands")
    expect(page.get_by_role("heading", name="INITIATE_SESSION")).to_be_visible()

    page.keyboard.press("n")

    expect(page.get_by_label("Command", exact=True)).to_be_focused()
