"""After signing in one comes to the page that was asked for, and never to another server's."""

import json
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import pytest
import requests

from durapy_core.users import Users
from tests.support.console import LIMIT_S, TOKEN, Console, xsrf_in
from tests.support.log_lines import logged

ASKED = "/commands?filter_type=PING&filter_sender=cli%3Aada"
NAME, PASSWORD = "ada", "correct horse battery"


def ask(browser: requests.Session, console: Console, path: str) -> requests.Response:
    return browser.get(console.url + path, timeout=LIMIT_S, allow_redirects=False)


def sign_in(browser: requests.Session, url: str, **form: str) -> requests.Response:
    page = browser.get(url, timeout=LIMIT_S)
    form["_xsrf"] = xsrf_in(page.text)
    return browser.post(url, data=form, timeout=LIMIT_S, allow_redirects=False)


def led_to(console: Console, wanted: str) -> str:
    """Return the page to which a sign-in leads whose address names `wanted`."""
    answer = sign_in(
        requests.Session(), f"{console.url}/login?next={quote(wanted, safe='')}", token=TOKEN
    )
    assert answer.status_code == 303
    return answer.headers["Location"]


@pytest.mark.parametrize("how", ["token", "name"])
def test_who_signs_in_comes_to_the_page_that_was_asked_for(
    console: Console, tmp_path: Path, how: str
) -> None:
    form = {"token": TOKEN}
    if how == "name":
        Users(tmp_path / "users").add(NAME, PASSWORD)
        form = {"name": NAME, "password": PASSWORD}
    browser = requests.Session()

    refused = ask(browser, console, ASKED)
    answer = sign_in(browser, console.url + refused.headers["Location"], **form)

    assert refused.status_code == 302
    assert (answer.status_code, answer.headers["Location"]) == (303, ASKED)
    assert ask(browser, console, ASKED).status_code == 200


def test_a_wrong_try_keeps_the_way_back(console: Console) -> None:
    browser = requests.Session()
    login = console.url + ask(browser, console, ASKED).headers["Location"]

    wrong = sign_in(browser, login, token="wrong")  # noqa: S106 (of nothing)
    form = {"token": TOKEN, "_xsrf": xsrf_in(wrong.text)}
    right = browser.post(wrong.url, data=form, timeout=LIMIT_S, allow_redirects=False)

    assert (wrong.status_code, right.headers["Location"]) == (401, ASKED)


def test_a_session_that_is_over_leads_back_too(console: Console) -> None:
    browser = console.sign_in()
    xsrf = xsrf_in(ask(browser, console, "/").text)
    kept = dict(browser.cookies)
    browser.post(f"{console.url}/logout", data={"_xsrf": xsrf}, timeout=LIMIT_S)

    over = requests.Session()
    over.cookies.update(kept)
    refused = ask(over, console, ASKED)
    answer = sign_in(over, console.url + refused.headers["Location"], token=TOKEN)

    assert answer.headers["Location"] == ASKED


@pytest.mark.parametrize("path", ["/", "/?", "/login?next=/login"])
def test_the_first_page_needs_no_way_back(console: Console, path: str) -> None:
    answer = sign_in(requests.Session(), f"{console.url}/login?next={quote(path)}", token=TOKEN)

    assert ask(requests.Session(), console, "/").headers["Location"] == "/login"
    assert urlsplit(answer.headers["Location"]).path == "/"


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\n/evil.example",
        "/commands\r\nSet-Cookie: durapy=evil",
        " //evil.example",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,evil",
        "evil.example",
        "@evil.example",
        ".evil.example",
        "/commands\\..\\..",
        "/\u2028/evil.example",
        "/ﾠ/evil.example",
        "/" + "a" * 2000,
        "",
    ],
    ids=ascii,
)
def test_no_other_server_and_nothing_odd_is_led_to(console: Console, wanted: str) -> None:
    assert led_to(console, wanted) == "/"


@pytest.mark.parametrize(
    "wanted",
    [
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/%09/evil.example",
        "/%0d%0a/evil.example",
        "/..//evil.example",
        "/.//evil.example",
        "/@evil.example",
        "/:80@evil.example/",
        "/commands?next=https://evil.example",
        "/deploy?a=//evil.example",
    ],
)
def test_what_only_looks_like_another_server_stays_on_this_one(
    console: Console, wanted: str
) -> None:
    place = led_to(console, wanted)

    assert place == wanted
    assert urlsplit(urljoin(f"{console.url}/login", place)).netloc == urlsplit(console.url).netloc


@pytest.mark.parametrize(
    ("asked", "status", "place"),
    [
        ("/commands?from=\\evil.example", 302, "/login"),
        ("/commands?" + "a" * 3000, 302, "/login"),
        ("//evil.example/", 404, None),
        ("/\\evil.example", 404, None),
    ],
    ids=["backslash in the query", "too long", "two slashes", "backslash in the path"],
)
def test_an_odd_address_is_not_kept_when_a_stranger_asks_for_it(
    console: Console, asked: str, status: int, place: str | None
) -> None:
    connection = HTTPConnection(urlsplit(console.url).netloc, timeout=LIMIT_S)
    with closing(connection):
        connection.request("GET", asked)  # as it stands: browsers and libraries mend it first
        answer = connection.getresponse()

    assert (answer.status, answer.headers["Location"]) == (status, place)


def test_neither_token_nor_what_was_asked_for_stands_where_it_does_not_belong(
    console: Console,
) -> None:
    browser = requests.Session()
    with logged() as lines:
        by_token = ask(browser, console, f"/commands?token={TOKEN}")
        asked = ask(browser, console, f"{ASKED}&key=secret-key")
        login = console.url + asked.headers["Location"]
        wrong = sign_in(browser, login, token="wrong")  # noqa: S106 (of nothing)
        right = sign_in(browser, login, token=TOKEN)

    assert by_token.headers["Location"] == "/login"
    assert TOKEN not in asked.headers["Location"] + right.headers["Location"] + wrong.text
    assert right.headers["Location"] == f"{ASKED}&key=secret-key"
    said = json.dumps([[line["message"], line["extra"]] for line in lines])
    assert "secret-key" not in said
    assert TOKEN not in said


def test_programs_are_not_led_anywhere(console: Console) -> None:
    assert console.api("GET", "services", token=None).status_code == 401
    assert console.ask("GET", "/pages/commands/page.js", token=None).status_code == 401
