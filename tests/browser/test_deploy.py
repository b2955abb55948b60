"""The Deploy page on a real console and a real log of operations; the replicas are in memory."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from durapy_core.engines import open_engine
from tests.support.deployed import HeldRollouts, deploying
from tests.support.local_rig import LocalRig
from tests.support.visitor import DESK, PHONE, TABLET, Theme, Visitor, visiting
from tests.support.waiting import wait_for


@pytest.fixture
def manager(rig: LocalRig) -> Iterator[HeldRollouts]:
    """A deployer beside the console, on the same store."""
    with open_engine(rig.store) as engine, deploying(engine) as manager:
        yield manager


@pytest.fixture
def deploy(visitor: Visitor, manager: HeldRollouts) -> Page:
    """The page with ponger chosen."""
    return opened(visitor)


def opened(visitor: Visitor) -> Page:
    page = visitor.open("/deploy#ponger")
    expect(page.get_by_role("heading", name="ponger")).to_be_visible()
    expect(page.get_by_role("button", name="Update all…")).to_be_enabled()
    return page


def answer(page: Page, name: str) -> None:
    """Press a button of the dialog."""
    page.get_by_role("dialog").get_by_role("button", name=name).click()


def test_a_rollout_shows_its_steps_and_its_log_and_ends_well(
    deploy: Page, manager: HeldRollouts
) -> None:
    deploy.get_by_label("Revision").fill("exp/kalman-v2")
    deploy.get_by_role("button", name="Deploy", exact=True).click()
    log = deploy.get_by_role("log", name="Log of the rollout")

    expect(log).to_contain_text("RUN python -m compileall")
    expect(deploy.locator(".dep-panel header")).to_contain_text("7be03d1 to exp/kalman-v2")
    expect(deploy.get_by_role("list", name="Rollout steps")).to_contain_text("Build")
    expect(deploy.get_by_role("row", name="ponger")).to_contain_text("is being replaced")
    manager.built.set()

    expect(log).to_contain_text("watching it for 1 s")
    expect(deploy.locator("#toasts")).to_contain_text("ponger runs ccccccc")
    assert manager.asked == [("ponger", "exp/kalman-v2")]


def test_a_rollout_is_cancelled_from_the_page(deploy: Page, manager: HeldRollouts) -> None:
    deploy.get_by_role("button", name="Deploy", exact=True).click()

    deploy.get_by_role("button", name="Cancel rollout").click()

    expect(deploy.locator("#toasts")).to_contain_text("ponger: cancelled by webserver:")
    expect(deploy.get_by_role("button", name="Deploy", exact=True)).to_be_enabled()


def test_a_list_that_comes_late_does_not_hide_how_a_rollout_ended(
    deploy: Page, manager: HeldRollouts
) -> None:
    late: list[tuple[Route, APIResponse]] = []
    deploy.route("**/api/v1/operations?*", lambda route: late.append((route, route.fetch())))
    deploy.get_by_role("button", name="Deploy", exact=True).click()
    deploy.get_by_role("button", name="Cancel rollout").click()
    expect(deploy.locator("#toasts")).to_contain_text("ponger: cancelled by webserver:")

    while not late:
        deploy.wait_for_timeout(50)  # the page asks for a list after it was told
    for route, response in late:
        route.fulfill(response=response)

    assert '"requested"' in late[0][1].text()
    expect(deploy.get_by_role("button", name="Deploy", exact=True)).to_be_enabled()


def test_a_rollout_that_fails_says_so_and_leaves_the_old_one_alone(
    visitor: Visitor, deploy: Page, manager: HeldRollouts
) -> None:
    manager.fate = "build_fails"
    manager.built.set()

    deploy.get_by_role("button", name="Deploy", exact=True).click()

    log = deploy.get_by_role("log", name="Log of the rollout")
    expect(log).to_contain_text("it cannot be built")
    expect(deploy.get_by_text("the old one was never touched")).to_be_visible()
    expect(deploy.locator("#toasts")).to_contain_text("ponger: it cannot be built")
    steps = deploy.get_by_role("list", name="Rollout steps")
    expect(steps.get_by_role("listitem").filter(has_text="Build")).to_contain_text("failed")
    expect(deploy.get_by_role("row", name="ponger")).to_contain_text("Up")
    visitor.shoot("deploy-failed")
    assert visitor.findings() == []
    assert manager.running() == ["old"]


def test_a_rollout_needs_no_mouse(deploy: Page, manager: HeldRollouts) -> None:
    manager.built.set()
    deploy.get_by_label("Revision").focus()
    deploy.keyboard.type("exp/kalman-v2")
    deploy.keyboard.press("Enter")

    expect(deploy.locator("#toasts")).to_contain_text("ponger runs ccccccc")
    assert manager.asked == [("ponger", "exp/kalman-v2")]


def test_what_is_in_a_session_is_locked_until_it_is_allowed(
    rig: LocalRig, deploy: Page, manager: HeldRollouts
) -> None:
    with rig.in_session("M214") as begun:
        lock = deploy.get_by_role("group", name="Session lock")
        expect(lock).to_contain_text("A session is running")
        expect(deploy.get_by_role("button", name="Deploy", exact=True)).to_be_disabled()

        lock.get_by_role("button", name="Allow: ponger").click()
        deploy.get_by_role("button", name="Deploy", exact=True).click()
        expect(deploy.get_by_role("dialog")).to_contain_text("is in the session M214")
        answer(deploy, "Deploy ponger")
        manager.built.set()

        expect(deploy.locator("#toasts")).to_contain_text("ponger runs ccccccc")
        asked = rig.api("GET", "operations")["operations"][0]
        assert asked["wishes"]["session"] == begun["key"]


def test_a_rollout_waits_in_the_queue_for_the_end_of_the_session(
    rig: LocalRig, deploy: Page, manager: HeldRollouts
) -> None:
    manager.built.set()
    with rig.in_session("M214"):
        deploy.get_by_role("button", name="Queue until it ends").click()
        deploy.get_by_role("button", name="Queue", exact=True).click()
        expect(deploy.get_by_role("row", name="ponger")).to_contain_text("waits for the end")
        assert manager.asked == []

    expect(deploy.locator("#toasts")).to_contain_text("ponger runs ccccccc")


def test_stopping_a_service_in_a_session_asks_and_names_it(
    rig: LocalRig, deploy: Page, manager: HeldRollouts
) -> None:
    with rig.in_session("M214"):
        expect(deploy.get_by_role("group", name="Session lock")).to_contain_text("ponger")
        deploy.get_by_role("button", name="Stop ponger").click()
        expect(deploy.get_by_role("dialog")).to_contain_text("ponger is in the session M214")
        answer(deploy, "Stop ponger")

        wait_for(lambda: ("stop", "ponger") in manager.asked, "the request to stop")


def test_changes_show_commits_and_files(deploy: Page) -> None:
    deploy.get_by_role("button", name="Changes").click()

    changes = deploy.get_by_role("region", name="Changes")
    expect(changes).to_contain_text("e81c5f4 is 1 ahead of 7be03d1")
    expect(changes.get_by_role("row", name="requirements.txt")).to_contain_text("needs change")
    expect(changes.get_by_role("row", name="eye.png")).to_contain_text("binary")


def test_changes_open_to_the_lines_that_differ_and_show_them_as_text(
    visitor: Visitor, deploy: Page
) -> None:
    deploy.get_by_role("button", name="Changes").click()
    changes = deploy.get_by_role("region", name="Changes")

    changes.get_by_text("services/ponger/service.py").click()

    lines = deploy.get_by_label("Lines that differ in services/ponger/service.py")
    expect(lines).to_contain_text('+print("<img src=x onerror=alert(1)>")')
    expect(lines.locator(".bad")).to_have_text('-print("<b>old</b>")\n')
    expect(changes).to_contain_text("More differs than is shown here")
    assert lines.locator("img").count() == 0
    visitor.shoot("deploy-lines")
    assert visitor.findings() == []


def test_what_crashes_what_is_missing_and_what_is_left_over_is_named(deploy: Page) -> None:
    expect(deploy.get_by_role("row", name="eyetracker").first).to_contain_text(
        "Crashes, restarted 7 times"
    )
    deploy.get_by_text("What eyetracker wrote last").click()
    expect(deploy.get_by_label("Last lines of eyetracker")).to_contain_text("No module named")
    expect(deploy.get_by_role("row", name="recorder")).to_contain_text("Exited 1")
    expect(deploy.get_by_text("docker compose up -d --build reward")).to_be_visible()
    expect(deploy.get_by_text("oldcam is left over")).to_be_visible()


def test_a_service_that_ended_is_started(deploy: Page, manager: HeldRollouts) -> None:
    deploy.get_by_role("button", name="Start recorder").click()

    wait_for(lambda: manager.asked == [("start", "recorder")], "the request to start")


def test_history_says_who_asked_for_what_and_how_it_ended(
    rig: LocalRig, deploy: Page, manager: HeldRollouts
) -> None:
    manager.built.set()
    rig.api("POST", "services/ponger/rollout", json={"revision": "v2"})
    expect(deploy.locator("#toasts")).to_contain_text("ponger runs")

    deploy.get_by_role("button", name="History").click()

    row = deploy.get_by_role("region", name="Past operations").get_by_role("row").nth(1)
    expect(row).to_contain_text("rollout v2")
    expect(row).to_contain_text("ponger runs ccccccc")


def test_the_page_is_reached_by_its_keys(visitor: Visitor) -> None:
    page = visitor.open("/")

    page.keyboard.press("g")
    page.keyboard.press("p")

    expect(page).to_have_url(f"{visitor.rig.url}/deploy")


def test_without_a_deployer_the_page_says_so_and_what_can_be_done(
    visitor: Visitor, rig: LocalRig
) -> None:
    with rig.in_session():
        page = visitor.open("/deploy")

        said = page.get_by_text("No deployer has run here").or_(page.get_by_text("does not answer"))
        expect(said.first).to_be_visible()
        expect(page.get_by_role("link", name="the Dashboard")).to_be_visible()
        expect(page.get_by_role("button", name="Update all…")).to_be_disabled()
        expect(page.get_by_role("group", name="Session lock")).to_have_count(0)


@pytest.mark.parametrize("hand", ["mouse", "touch"])
def test_the_page_has_no_finding_in_light_and_dark_and_fits_the_window(
    browser: Browser, rig: LocalRig, manager: HeldRollouts, hand: str
) -> None:
    touch = hand == "touch"
    sizes = {"tablet": TABLET, "phone": PHONE} if touch else {"desk": DESK}
    first = next(iter(sizes.values()))
    with (
        rig.in_session("M214"),
        visiting(browser, rig, viewport=first, has_touch=touch, is_mobile=touch) as visitor,
    ):
        page = opened(visitor)
        page.get_by_role("button", name="Allow: ponger").click()
        page.get_by_role("button", name="Deploy", exact=True).click()
        answer(page, "Deploy ponger")
        expect(page.get_by_role("button", name="Cancel rollout")).to_be_visible()
        expect(page.get_by_role("log")).to_contain_text("exporting")
        for size, viewport in sizes.items():
            page.set_viewport_size(viewport)
            services = page.get_by_role("region", name="All services")
            assert services.evaluate("(e) => e.scrollWidth - e.clientWidth") == 0, size
            look_at(visitor, f"deploy-{size}")


def look_at(visitor: Visitor, name: str) -> None:
    theme: Theme
    for theme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=theme)
        visitor.shoot(f"{name}-{theme}")
        assert visitor.findings() == [], theme
    assert visitor.overflow() == ""
