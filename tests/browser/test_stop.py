"""STOP: one press on any page, by socket or request, and who is safe afterwards."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.support.local_rig import CONSOLE, LocalRig
from tests.support.visitor import DESK, PHONE, TABLET, Visitor, rows, visiting
from tests.support.waiting import wait_for

SERVICES = Path(__file__).parent / "services"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    with LocalRig(tmp_path_factory.mktemp("rig"), services_dir=str(SERVICES)) as rig:
        rig.start_console()
        rig.start("valve", "laser", "beta")
        yield rig


@pytest.fixture(autouse=True)
def cleared(rig: LocalRig) -> Iterator[None]:
    yield
    rig.api("POST", "safe-state/clear")


def engaged(rig: LocalRig) -> bool:
    is_engaged: bool = rig.api("GET", "safe-state")["engaged"]
    return is_engaged


def answers(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Safe state", exact=True)


def press(page: Page) -> None:
    page.get_by_role("button", name="STOP", exact=True).click()


def test_one_press_stops_at_once_and_says_who_is_safe(
    visitor: Visitor, page: Page, browser: Browser, rig: LocalRig
) -> None:
    cleared = len(rig.records(type="CLEAR_SAFE_STATE"))
    with visiting(browser, rig) as watcher:
        dashboard = watcher.open("/")
        visitor.open("/commands?filter_type=CLEAR_SAFE_STATE")
        press(page)

        for name, answer in {
            "valve": "Safe",
            "laser": "Failed the shutter does not move",
            "beta": "No handler",
        }.items():
            said = (
                answers(page)
                .get_by_role("row")
                .filter(has=page.get_by_role("rowheader", name=name))
            )
            expect(said).to_contain_text(re.compile(answer.replace(" ", ".*"), re.DOTALL))
        expect(answers(page).get_by_role("row").nth(1)).to_contain_text("laser")  # the worst first
        look_at(visitor, "stop-answers")
        expect(dashboard.locator("dp-hero")).to_contain_text("STOPPED")
        expect(dashboard.locator("dp-hero")).to_contain_text("1 failed: laser")
        expect(dashboard.get_by_role("alert")).to_contain_text("Safe state since")
        look_at(watcher, "dashboard-stopped")

        state = rig.api("GET", "safe-state")
        assert state["engaged"]
        assert state["by"].startswith("webserver:")
        refused = rig.send("OPEN_VALVE")
        wait_for(lambda: rig.api("GET", f"commands/{refused['key']}")["receipts"], "its receipt")
        receipt = rig.api("GET", f"commands/{refused['key']}")["receipts"][0]
        assert receipt["outcome"] == "refused"

        clear_after_asking(visitor, page, rig)
        expect(dashboard.locator("dp-hero")).to_contain_text("IDLE")
        expect(rows(page)).to_have_count(cleared + 1)
        visitor.shoot("commands-markers")


def look_at(visitor: Visitor, name: str) -> None:
    """Judge what shows in every size and theme, and keep pictures."""
    for size, viewport in {"tablet": TABLET, "phone": PHONE, "desk": DESK}.items():
        visitor.page.set_viewport_size(viewport)
        for theme in ("dark", "light"):
            visitor.page.emulate_media(color_scheme=theme)
            visitor.shoot(f"{name}-{size}-{theme}")
            assert visitor.findings() == [], (size, theme)
        assert visitor.overflow() == "", size
        for table in visitor.page.locator("dialog .scroll").all():
            assert table.evaluate("e => e.scrollWidth - e.clientWidth") == 0, size


def clear_after_asking(visitor: Visitor, page: Page, rig: LocalRig) -> None:
    answers(page).get_by_role("button", name="Clear and continue…").click()
    asked = page.get_by_role("dialog", name="Clear the safe state?")
    expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
    visitor.shoot("stop-clear")
    page.keyboard.press("Enter")
    expect(asked).to_be_hidden()
    assert engaged(rig)
    answers(page).get_by_role("button", name="Keep stopped").click()
    expect(answers(page)).to_be_hidden()
    page.get_by_role("alert").get_by_role("button", name="Clear…").click()
    asked.get_by_role("button", name="Clear and continue").click()
    expect(page.get_by_role("link", name="IDLE")).to_be_visible()
    assert not engaged(rig)


def test_the_keyboard_stops_while_somebody_types_and_while_a_dialog_is_open(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands?type=LONELY")
    page.keyboard.press("Control+k")
    page.keyboard.type("pi")

    page.keyboard.press("Control+.")

    expect(answers(page)).to_contain_text("without a handler")
    assert engaged(rig)
    page.keyboard.press("Escape")
    expect(answers(page)).to_be_hidden()
    expect(page.get_by_role("dialog", name="Find").get_by_role("textbox")).to_have_value("pi")


def test_a_socket_that_does_not_answer_is_overtaken_by_a_request(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    def swallow_what_is_sent(browser_side: WebSocketRoute) -> None:
        server_side = browser_side.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if '"send"' not in str(message):
                server_side.send(message)

        browser_side.on_message(pass_on)

    page.route_web_socket(re.compile("/ws$"), swallow_what_is_sent)
    visitor.open("/")
    before = len(rig.records(type="SAFE_STATE"))

    with page.expect_request(lambda r: r.method == "POST" and r.url.endswith("/safe-state")):
        press(page)

    expect(answers(page)).to_contain_text("1 safe")
    assert len(rig.records(type="SAFE_STATE")) == before + 1


def test_without_a_socket_it_goes_by_request_and_is_counted_once(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    page.route_web_socket(re.compile("/ws$"), lambda socket: socket.close())
    page.goto("/commands")
    expect(page.locator("#connection")).to_have_text("Disconnected")
    before = len(rig.records(type="SAFE_STATE"))

    press(page)

    expect(answers(page)).to_contain_text("1 failed: laser")
    expect(answers(page)).to_contain_text("1 safe")
    assert len(rig.records(type="SAFE_STATE")) == before + 1


def test_when_nothing_answers_it_names_the_hardware_stop_and_goes_on_trying(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.expect_complaints("WebSocket connection", "Failed to load resource", "ERR_")
    visitor.open("/")
    before = len(rig.records(type="SAFE_STATE"))
    rig.processes[CONSOLE].send_signal(signal.SIGSTOP)
    try:
        press(page)

        expect(answers(page)).to_contain_text("Use the hardware stop")
        visitor.shoot("stop-unanswered")
        page.keyboard.press("Escape")  # a slip ends nothing
        expect(answers(page)).to_be_visible()
    finally:
        rig.processes[CONSOLE].send_signal(signal.SIGCONT)

    expect(answers(page)).to_contain_text("1 failed: laser")
    expect(answers(page).get_by_text("Use the hardware stop")).to_have_count(0)
    assert len(rig.records(type="SAFE_STATE")) == before + 1


def test_a_slip_on_the_keyboard_does_not_end_the_trying(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.expect_complaints("WebSocket connection", "Failed to load resource", "ERR_")
    visitor.open("/")
    rig.processes[CONSOLE].send_signal(signal.SIGSTOP)
    try:
        press(page)
        page.keyboard.press("Enter")  # on the button that has the focus, before any answer

        expect(answers(page)).to_contain_text("Use the hardware stop")
    finally:
        rig.processes[CONSOLE].send_signal(signal.SIGCONT)

    expect(answers(page)).to_contain_text("1 failed: laser")
    assert engaged(rig)


def test_what_died_with_something_to_make_safe_is_named(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    rig.end("valve", signal.SIGKILL)
    wait_for(lambda: "valve" not in rig.running(), "the valve to be down")
    try:
        visitor.open("/")
        press(page)

        said = answers(page).get_by_role("row").filter(has_text="valve")
        expect(said).to_contain_text("Down: what it switched on may be on")
        expect(answers(page)).to_contain_text("1 down: valve")
        visitor.shoot("stop-down")
    finally:
        rig.start("valve")
    expect(said).to_contain_text("Safe")


def test_stop_passes_a_question_that_is_open_and_leaves_it_to_be_answered(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands?type=OPEN_VALVE")
    page.get_by_role("button", name="Send OPEN_VALVE…").click()
    asked = page.get_by_role("dialog", name="Send OPEN_VALVE now?")
    expect(asked).to_be_visible()

    page.keyboard.press("Control+.")
    answers(page).get_by_role("button", name="Clear and continue…").click()
    cleared = page.get_by_role("dialog", name="Clear the safe state?")
    cleared.get_by_role("button", name="Clear and continue").click()
    expect(answers(page)).to_be_hidden()
    asked.get_by_role("button", name="Cancel").click()

    assert not engaged(rig)
    expect(asked).to_be_hidden()
    page.get_by_role("button", name="Send OPEN_VALVE…").click()  # it still asks, and sends
    asked.get_by_role("button", name="Send OPEN_VALVE", exact=True).click()
    expect(rows(page).filter(has_text="OPEN_VALVE").first).to_be_visible()


def test_stop_is_in_reach_on_every_page_and_size(browser: Browser, rig: LocalRig) -> None:
    for viewport in (TABLET, PHONE):
        with visiting(browser, rig, viewport=viewport, has_touch=True, is_mobile=True) as visitor:
            for path in ("/", "/commands", "/x/pingpong"):
                button = visitor.open(path).get_by_role("button", name="STOP", exact=True)
                expect(button).to_be_in_viewport(ratio=1)
                box = button.bounding_box()
                assert box is not None
                assert box["height"] >= 44
