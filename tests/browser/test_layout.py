"""What a small window, a long name or a long list must not push out of sight."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, ViewportSize, expect

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines.base import CATALOG, STATUS, Engine
from durapy_core.versions import publish_catalog
from tests.support.console import beat
from tests.support.local_rig import LocalRig
from tests.support.visitor import PHONE, TABLET, Visitor, visiting

LONG = "CALIBRATE_THE_EYE_TRACKER_AND_THE_HEAD_STAGE_OF_A_NEW_SUBJECT"


class LongNameCommand(Command, type=LONG):
    """Has a name that no menu has room for."""


@pytest.fixture
def long_name(store: Engine) -> Iterator[str]:
    """A command with a long name, which a service that is down has published."""
    types = (publish_type(LongNameCommand, [Role.HANDLES]),)
    publish_catalog(store, PublishedCatalog(service="odd", types=types))
    yield LONG
    store.remove(CATALOG, "odd")


@pytest.fixture
def phone(browser: Browser, rig: LocalRig) -> Iterator[Visitor]:
    """Somebody with a phone."""
    with visiting(browser, rig, viewport=PHONE, has_touch=True, is_mobile=True) as visitor:
        yield visitor


def box_of(place: Locator) -> FloatRect:
    """Return where something is, once it is there."""
    expect(place).to_be_visible()
    box = place.bounding_box()
    assert box
    return box


def restart(page: Page, service: str) -> Locator:
    """Return the button in a service's row; where it needs attention it has another one."""
    table = page.get_by_role("region", name="All services")
    return table.get_by_role("button", name=f"Restart {service}")


def sideways(page: Page, name: str) -> int:
    """Return by how many pixels what is in a region of this name is wider than the region."""
    region = page.get_by_role("region", name=name)
    hidden: int = region.evaluate("(e) => e.scrollWidth - e.clientWidth")
    return hidden


def test_a_phone_shows_who_is_up_and_restarts_them_without_pushing(
    phone: Visitor, store: Engine
) -> None:
    name = "behaviour_camera_on_the_left"
    beat(store, name)
    page = phone.open("/")
    expect(restart(page, name)).to_be_visible()
    expect(restart(page, "ponger")).to_be_visible()

    hidden = sideways(page, "All services")

    store.remove(STATUS, f"{name}/r1")
    assert hidden <= 0


def test_a_page_zoomed_to_200_percent_shows_the_buttons_of_the_services(
    browser: Browser, rig: LocalRig
) -> None:
    zoomed = ViewportSize(width=720, height=450)
    with (
        visiting(browser, rig, viewport=zoomed, device_scale_factor=2) as visitor,
        rig.in_session(),
    ):
        page = visitor.open("/")
        expect(page.get_by_role("row", name="ponger")).to_contain_text("in session")
        expect(restart(page, "ponger")).to_be_visible()

        assert sideways(page, "All services") <= 0


def test_a_phone_has_room_for_the_lines_of_a_log(phone: Visitor) -> None:
    page = phone.open("/logs")
    expect(page.locator("dp-log .lr").first).to_be_visible()
    services = page.get_by_role("group", name="Services")

    for button in services.get_by_role("button").all():
        expect(button).to_have_css("flex-shrink", "0")
    assert box_of(services)["height"] < 64  # one row, however many services there are


@pytest.mark.parametrize("path", ["/login", "/login?code=abc"])
def test_a_phone_shows_the_edges_of_the_sign_in(browser: Browser, rig: LocalRig, path: str) -> None:
    visitor = Visitor(browser, rig, viewport=PHONE)
    visitor.page.goto(path)

    box = box_of(visitor.page.locator(".card"))

    assert box["x"] >= 8
    assert box["x"] + box["width"] <= PHONE["width"] - 8
    visitor.context.close()
    visitor.check()


@pytest.mark.parametrize("viewport", [TABLET, PHONE], ids=["tablet", "phone"])
def test_the_list_of_keys_is_read_from_its_top(
    visitor: Visitor, page: Page, viewport: ViewportSize
) -> None:
    page.set_viewport_size(viewport)
    visitor.open("/commands")

    page.keyboard.press("?")

    keys = page.get_by_role("dialog", name="Keyboard")
    expect(keys.get_by_text("STOP: put every output")).to_be_in_viewport(ratio=1)
    expect(keys.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)


def test_a_long_name_leaves_the_filters_on_one_line(
    visitor: Visitor, page: Page, long_name: str
) -> None:
    visitor.open("/commands")
    kind = page.get_by_role("search").get_by_label("Type")
    expect(kind.get_by_role("option", name=long_name)).to_have_count(1)

    text = page.get_by_role("search").get_by_label("Filter by text")

    assert box_of(kind)["y"] == box_of(text)["y"]


def test_a_long_name_does_not_hide_what_was_found(
    visitor: Visitor, page: Page, long_name: str
) -> None:
    visitor.open("/")

    page.keyboard.press("Control+k")
    page.get_by_label("Find a page, service or command").fill("CALIBRATE")

    hit = page.get_by_role("dialog").get_by_role("link", name=long_name)
    expect(hit.get_by_text("command", exact=True)).to_be_in_viewport(ratio=1)
    assert visitor.overflow() == ""


def test_the_mark_of_the_state_is_as_high_as_its_word(visitor: Visitor, page: Page) -> None:
    visitor.open("/commands")

    mark = page.locator(".statebar svg")

    expect(mark).to_have_css("width", "20px")
