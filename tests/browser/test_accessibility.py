"""Every page and its main states: nothing for axe-core to find, nothing that sticks out."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import DESK, PHONE, TABLET, Visitor, rows, visiting
from tests.support.waiting import wait_for

State = Callable[[Page], None]


def loaded(page: Page) -> None:
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def filled(page: Page) -> None:
    expect(rows(page).first).to_be_visible()
    page.get_by_label("Subject").fill("x" * 81)
    expect(page.get_by_text("1 field to correct")).to_be_visible()


def detailed(page: Page) -> None:
    rows(page).first.get_by_role("button").click()
    expect(page.get_by_role("region", name="Command detail")).to_be_visible()
    expect(page.locator(".heard[aria-busy=true]")).to_have_count(0)


def asked(page: Page) -> None:
    page.get_by_role("button", name="Send END_SESSION…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def finding(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_label("Find a page, service or command").fill("init")
    expect(page.get_by_role("dialog").get_by_text("INITIATE_SESSION")).to_be_visible()


def helped(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


def noted(page: Page) -> None:
    page.keyboard.press("a")
    expect(page.get_by_role("dialog", name="Note")).to_be_visible()


def drawn(page: Page) -> None:
    expect(page.locator("#pings")).not_to_have_text("0")
    expect(page.locator("dp-plot canvas")).to_have_count(2)


STATES: dict[str, tuple[str, State]] = {
    "dashboard": ("/", loaded),
    "commands": ("/commands", loaded),
    "commands-problem": ("/commands", filled),
    "commands-detail": ("/commands", detailed),
    "commands-confirm": ("/commands?type=END_SESSION", asked),
    "find": ("/", finding),
    "keyboard": ("/commands", helped),
    "note": ("/", noted),
    "pingpong": ("/x/pingpong", drawn),
}


@pytest.fixture(scope="module")
def running(rig: LocalRig) -> Iterator[LocalRig]:
    """The rig, in a session, with something to show."""
    with rig.in_session():
        wait_for(lambda: len(rig.records(type="PONG")) > 3, "some pongs")
        yield rig


@pytest.mark.parametrize("hand", ["mouse", "touch"])
@pytest.mark.parametrize("name", STATES)
def test_a_page_has_no_finding_in_light_and_dark_and_fits_the_window(
    browser: Browser, running: LocalRig, name: str, hand: str
) -> None:
    path, reach = STATES[name]
    touch = hand == "touch"
    sizes = {"tablet": TABLET, "phone": PHONE} if touch else {"desk": DESK}
    first = next(iter(sizes.values()))
    with visiting(browser, running, viewport=first, has_touch=touch, is_mobile=touch) as visitor:
        reach(visitor.open(path))
        for size, viewport in sizes.items():
            visitor.page.set_viewport_size(viewport)
            look_at(visitor, f"{name}-{size}")


def look_at(visitor: Visitor, name: str) -> None:
    """Keep a picture in both themes and judge them."""
    for theme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=theme)
        visitor.shoot(f"{name}-{theme}")
        assert visitor.findings() == [], theme
    assert visitor.overflow() == ""


@pytest.mark.parametrize("path", ["/login", "/login?code=abc", "/no-such-page"])
def test_pages_for_strangers_have_no_finding(browser: Browser, rig: LocalRig, path: str) -> None:
    visitor = Visitor(browser, rig)
    visitor.expect_complaints("404")
    visitor.page.goto(path)
    name = path.strip("/").replace("?", "-").replace("=", "-")
    for size, viewport in {"desk": DESK, "phone": PHONE}.items():
        visitor.page.set_viewport_size(viewport)
        look_at(visitor, f"{name}-{size}")
    visitor.context.close()
    visitor.check()


@pytest.mark.parametrize("percent", [200, 400])
@pytest.mark.parametrize("path", ["/", "/commands", "/deploy", "/logs", "/x/pingpong"])
def test_a_page_can_be_zoomed_without_sideways_scrolling(
    browser: Browser, running: LocalRig, path: str, percent: int
) -> None:
    zoom = percent / 100
    zoomed = {"width": int(1440 / zoom), "height": int(900 / zoom)}
    with visiting(browser, running, viewport=zoomed, device_scale_factor=zoom) as visitor:
        loaded(visitor.open(path))

        visitor.shoot(f"zoom-{percent}{path.replace('/', '-')}")
        assert visitor.overflow() == ""


@pytest.mark.parametrize("deficiency", ["deuteranopia", "achromatopsia"])
def test_a_picture_is_kept_of_what_somebody_sees_who_sees_less_colour(
    visitor: Visitor, page: Page, running: LocalRig, deficiency: str
) -> None:
    visitor.open("/")
    devtools = visitor.context.new_cdp_session(page)

    devtools.send("Emulation.setEmulatedVisionDeficiency", {"type": deficiency})

    loaded(page)
    visitor.shoot(f"dashboard-{deficiency}")
    shapes = page.locator("table.svc svg.g use")
    assert shapes.count() >= 3  # each status has its shape


def test_nothing_moves_for_somebody_who_asked_for_less_motion(visitor: Visitor, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")

    visitor.open("/")

    assert page.evaluate("() => document.getAnimations().length") == 0


def test_everything_to_press_on_a_tablet_is_large_enough(browser: Browser, rig: LocalRig) -> None:
    with visiting(browser, rig, viewport=TABLET, has_touch=True, is_mobile=True) as visitor:
        for path in ("/", "/commands", "/logs", "/deploy"):
            loaded(visitor.open(path))

            small = visitor.page.evaluate(_SMALL)
            assert not small, f"{path}: " + "\n".join(small)


# Buttons, links that look like buttons, and fields under 44 pixels, apart from links in a text.
_SMALL = """() => [...document.querySelectorAll('button, a.btn, nav a, select, input')]
  .filter((e) => e.checkVisibility() && !e.closest('label') && !e.matches('.rowbtn, .linkbtn'))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([, box]) => box.height < 43.5 || box.width < 24)
  .map(([e, box]) => `${e.outerHTML.slice(0, 90)}: ${box.width} x ${box.height}`)"""
