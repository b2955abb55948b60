"""Signing in by the printed link, by the token, and out again."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from durapy_core.users import Users
from tests.support.local_rig import TOKEN, LocalRig
from tests.support.visitor import Visitor


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    with LocalRig(tmp_path_factory.mktemp("rig")) as rig:
        yield rig


@pytest.fixture(scope="module")
def printed_link(rig: LocalRig) -> str:
    return rig.start_console()


@pytest.fixture
def stranger(browser: Browser, rig: LocalRig, printed_link: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, rig)
    yield visitor
    visitor.context.close()
    visitor.check()


@pytest.fixture
def page(stranger: Visitor) -> Page:
    return stranger.page


def test_the_printed_link_signs_in_once_and_leaves_no_code_in_the_address(
    stranger: Visitor, page: Page, rig: LocalRig, printed_link: str
) -> None:
    page.goto(printed_link)
    stranger.shoot("login-by-link")
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(f"{rig.url}/")
    expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()
    expect(page.locator("#connection")).to_have_text("Live")  # its socket came with the cookies
    cookies = {cookie["name"]: cookie for cookie in stranger.context.cookies()}
    [session] = [cookies[name] for name in cookies if name.startswith("durapy_session_")]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Strict")

    stranger.expect_complaints("401")
    stranger.context.clear_cookies()
    page.goto(printed_link)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("This link was used already")
    expect(page.get_by_role("alert")).to_contain_text("durapy link")
    assert "code=" not in page.url
    stranger.shoot("login-refused")


def test_a_preview_of_the_link_does_not_use_it_up(page: Page, rig: LocalRig) -> None:
    link = rig.link()

    for _ in range(2):
        page.goto(link)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(f"{rig.url}/")


def test_the_token_signs_in_and_never_stands_in_the_address(page: Page, rig: LocalRig) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto("/commands?filter_type=PING")

    expect(page).to_have_url(f"{rig.url}/login?next=/commands%3Ffilter_type%3DPING")
    page.get_by_label("Access token").fill(TOKEN)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{rig.url}/commands?filter_type=PING")
    assert not [address for address in addresses if TOKEN in address]


def test_what_stands_behind_the_hash_of_an_address_is_kept_too(
    stranger: Visitor, page: Page, rig: LocalRig
) -> None:
    stranger.expect_complaints("401")
    page.goto("/deploy#pinger")
    page.get_by_label("Access token").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That is not the token of this rig.")

    page.get_by_label("Access token").fill(TOKEN)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{rig.url}/deploy#pinger")


def test_who_is_signed_out_meanwhile_comes_back_to_the_same_page(
    stranger: Visitor, page: Page, rig: LocalRig
) -> None:
    stranger.expect_complaints("401", "HTTP Authentication failed")
    stranger.sign_in()
    stranger.open("/commands?type=NOTE&filter_sender=pinger#main")

    other = stranger.context.new_page()
    other.goto("/logout")
    other.get_by_role("button", name="Sign out of this browser").click()
    page.get_by_role("link", name="Sign in", exact=True).click()
    page.get_by_label("Access token").fill(TOKEN)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{rig.url}/commands?type=NOTE&filter_sender=pinger#main")


def test_a_wrong_token_says_what_to_do(stranger: Visitor, page: Page) -> None:
    stranger.expect_complaints("401")
    page.goto("/login")

    page.get_by_label("Access token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("That is not the token of this rig.")
    expect(page.get_by_text("durapy link")).to_be_visible()
    stranger.shoot("login-wrong-token")


def test_a_code_that_nobody_made_says_what_to_do(stranger: Visitor, page: Page) -> None:
    stranger.expect_complaints("401")

    page.goto("/login?code=nobody-made-this")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text(re.compile("durapy link.* prints a new one"))


def test_a_link_older_than_ten_minutes_says_what_to_do(
    stranger: Visitor, page: Page, rig: LocalRig
) -> None:
    stranger.expect_complaints("401")
    link = rig.link()
    with sqlite3.connect(rig.folder / "commands.db") as database:
        database.execute(
            "UPDATE lines SET written_at_s = written_at_s - 601 WHERE \"table\" = 'login_codes'"
        )

    page.goto(link)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("older than 10 minutes")
    expect(page.get_by_role("alert")).to_contain_text("durapy link")


def test_who_signs_out_is_a_stranger_again(stranger: Visitor, page: Page, rig: LocalRig) -> None:
    stranger.sign_in()
    page.goto("/")

    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_url(f"{rig.url}/login")
    page.goto("/commands")
    expect(page).to_have_url(f"{rig.url}/login?next=/commands")


def test_somebody_signs_in_by_name_and_out_everywhere(
    stranger: Visitor, page: Page, rig: LocalRig, printed_link: str
) -> None:
    users = Users(rig.folder / "users")
    users.add("ada", "correct horse battery")
    try:
        page.goto("/login")
        assert stranger.findings() == []
        stranger.shoot("login-by-name")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill("correct horse battery")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()

        page.get_by_role("link", name="Sign out of all…").click()
        expect(page.get_by_text("You are signed in as ada.")).to_be_visible()
        assert stranger.findings() == []
        stranger.shoot("logout")
        page.get_by_role("button", name="Sign out everywhere").click()
        expect(page).to_have_url(f"{rig.url}/login")
    finally:
        users.remove("ada")
