"""Every page while it waits, while the server is gone or fails, and while there is nothing."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import DESK, PHONE, TABLET, Theme, Visitor, visiting

PAGES = {
    "dashboard": "/",
    "commands": "/commands",
    "deploy": "/deploy",
    "logs": "/logs",
    "pingpong": "/x/pingpong",
}
API = re.compile(r"/api/v1/")
SOCKET = re.compile("/ws$")
REFUSED = {"error": {"code": "internal", "message": "Something went wrong here.", "errors": []}}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    """A console that nothing was sent to and no service has reported to."""
    with LocalRig(tmp_path_factory.mktemp("rig")) as rig:
        rig.start_console()
        yield rig


def wait(page: Page) -> None:
    """Nothing is answered, neither by the socket nor by a request."""
    page.route(API, lambda _route: None)
    page.route_web_socket(SOCKET, lambda _socket: None)


def lose(page: Page) -> None:
    """The server is gone."""

    def close(socket: WebSocketRoute) -> None:
        socket.close()

    page.route(API, lambda route: route.abort())
    page.route_web_socket(SOCKET, close)


def fail(page: Page) -> None:
    """Each request fails, while the socket is well."""
    page.route(API, lambda route: route.fulfill(status=500, json=REFUSED))


def leave(_page: Page) -> None:
    """All is well, and there is nothing to show."""


STATES: dict[str, tuple[Callable[[Page], None], str]] = {
    "loading": (wait, "Connecting"),
    "lost": (lose, "Disconnected"),
    "failing": (fail, "Live"),
    "nothing": (leave, "Live"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_finding_and_fits_the_window(
    browser: Browser, rig: LocalRig, name: str, state: str
) -> None:
    reach, connection = STATES[state]
    with visiting(browser, rig) as visitor:
        visitor.expect_complaints("Failed to load", "WebSocket", "went wrong", "does not answer")
        page = visitor.page
        reach(page)
        page.goto(PAGES[name])
        expect(page.locator("#connection")).to_have_text(connection)
        look_at(visitor, f"{name}-{state}")


def look_at(visitor: Visitor, name: str) -> None:
    theme: Theme
    for size, viewport in {"desk": DESK, "tablet": TABLET, "phone": PHONE}.items():
        visitor.page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            visitor.page.emulate_media(color_scheme=theme)
            visitor.shoot(f"{name}-{size}-{theme}")
            assert visitor.findings() == [], (size, theme)
        assert visitor.overflow() == "", size


def test_a_page_that_cannot_reach_the_rig_says_unknown_on_every_page(
    browser: Browser, rig: LocalRig
) -> None:
    with visiting(browser, rig) as visitor:
        visitor.expect_complaints("Failed to load", "WebSocket", "does not answer")
        lose(visitor.page)

        visitor.page.goto("/commands")

        expect(visitor.page.get_by_role("link", name="Session UNKNOWN")).to_be_visible()


def test_a_rig_without_a_deployer_is_no_cause_for_alarm(browser: Browser, rig: LocalRig) -> None:
    with visiting(browser, rig) as visitor:
        page = visitor.open("/deploy")

        note = page.locator(".dep-note")
        expect(note).to_contain_text("No deployer has run here")
        expect(note.locator("use")).to_have_attribute("href", "#st-idle")
