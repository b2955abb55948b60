"""Signing in and out: by a link, by the token; what the cookie is; what never shows."""

from pathlib import Path

import pytest
import requests

from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import SettingsError
from durapy_core.login_code import mint
from durapy_core.settings import Settings, load_settings
from tests.support.console import LIMIT_S, TOKEN, Console, run_console, xsrf_in
from tests.support.log_lines import logged
from webserver.credentials import load_credentials

WRONG, OTHER = "wrong", "another-token-of-this-rig"


def open_form(console: Console, code: str = "") -> tuple[requests.Session, dict[str, str]]:
    browser = requests.Session()
    page = browser.get(f"{console.url}/login", params={"code": code}, timeout=LIMIT_S)
    assert page.status_code == 200
    return browser, {"code": code, "_xsrf": xsrf_in(page.text)}


def post(browser: requests.Session, url: str, **form: str) -> requests.Response:
    return browser.post(url, data=form, timeout=LIMIT_S, allow_redirects=False)


def session_cookies(browser: requests.Session) -> dict[str, str]:
    found = dict(browser.cookies)
    return {name: found[name] for name in found if name.startswith("durapy_session_")}


def is_in(browser: requests.Session, console: Console) -> bool:
    url = f"{console.url}/api/v1/services"
    return browser.get(url, timeout=LIMIT_S).status_code == 200


def test_the_printed_link_signs_in_at_a_press_of_its_button(console: Console) -> None:
    browser, form = open_form(console, console.code)

    answer = post(browser, f"{console.url}/login", **form)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert is_in(browser, console)
    assert console.code not in browser.get(f"{console.url}/", timeout=LIMIT_S).text


def test_looking_at_the_link_uses_nothing_up(console: Console) -> None:
    for _ in range(3):
        open_form(console, console.code)
        requests.head(f"{console.url}/login?code={console.code}", timeout=LIMIT_S)

    browser, form = open_form(console, console.code)
    assert post(browser, f"{console.url}/login", **form).status_code == 303


def test_a_link_signs_in_once(console: Console) -> None:
    console.sign_in()

    browser, form = open_form(console, console.code)
    answer = post(browser, f"{console.url}/login", **form)

    assert answer.status_code == 401
    assert "used already" in answer.text
    assert not is_in(browser, console)


def test_another_process_may_make_a_link(console: Console) -> None:
    browser, form = open_form(console, mint(console.engine))

    assert post(browser, f"{console.url}/login", **form).status_code == 303


def test_the_token_signs_in_and_a_wrong_one_does_not(console: Console) -> None:
    browser, form = open_form(console)

    wrong = post(browser, f"{console.url}/login", token=WRONG, _xsrf=form["_xsrf"])
    right = post(browser, f"{console.url}/login", token=TOKEN, _xsrf=form["_xsrf"])

    assert wrong.status_code == 401
    assert "not the token" in wrong.text
    assert right.status_code == 303
    assert is_in(browser, console)


def test_a_form_of_another_site_signs_nobody_in(console: Console) -> None:
    browser, form = open_form(console, console.code)

    bare = post(browser, f"{console.url}/login", code=console.code)
    browser.headers["Origin"] = "http://evil.example"
    foreign = post(browser, f"{console.url}/login", **form)

    assert (bare.status_code, foreign.status_code) == (403, 403)
    assert not is_in(browser, console)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(console: Console) -> None:
    browser, form = open_form(console, console.code)

    header = post(browser, f"{console.url}/login", **form).headers["Set-Cookie"]

    assert header.startswith("durapy_session_")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/", "expires="):
        assert word.lower() in header.lower()


def test_a_forged_cookie_is_no_sign_in(console: Console) -> None:
    [(name, good)] = session_cookies(console.sign_in()).items()

    for value in ("user", good[:-1] + ("0" if good[-1] != "0" else "1"), good.replace("|", "!")):
        cookies = {name: value}
        answer = console.api("GET", "services", token=None, cookies=cookies)
        assert answer.status_code == 401


def test_signing_out_forgets_the_cookie(console: Console) -> None:
    browser = console.sign_in()
    xsrf = xsrf_in(browser.get(f"{console.url}/", timeout=LIMIT_S).text)

    without = post(browser, f"{console.url}/logout")
    answer = post(browser, f"{console.url}/logout", _xsrf=xsrf)

    assert without.status_code == 403
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert not is_in(browser, console)


def test_a_cookie_outlives_a_restart_but_not_a_new_token(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console:
        cookies = dict(console.sign_in().cookies)
    with run_console(engine, tmp_path) as console:
        again = console.api("GET", "services", token=None, cookies=cookies)
    with run_console(engine, tmp_path, token=OTHER) as console:
        after = console.api("GET", "services", token=None, cookies=cookies)

    assert (again.status_code, after.status_code) == (200, 401)


def test_a_stranger_is_sent_to_sign_in_and_sees_nothing(console: Console) -> None:
    for path in ("/", "/commands", "/x/pingpong", "/x/nothing"):
        answer = console.ask("GET", path, token=None)
        back = "" if path == "/" else f"?next={path}"
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/login{back}")
    assert console.ask("GET", "/pages/commands/page.js", token=None).status_code == 401


def test_neither_token_nor_code_shows_in_a_log_line_or_an_error(console: Console) -> None:
    with logged() as lines:
        browser, form = open_form(console, console.code)
        answers = [
            browser.get(f"{console.url}/login?code={console.code}&x=1", timeout=LIMIT_S),
            browser.get(f"{console.url}/nothing?code={console.code}", timeout=LIMIT_S),
            post(browser, f"{console.url}/login", token=TOKEN),
            console.api("GET", f"commands/nothing?token={TOKEN}"),
            post(browser, f"{console.url}/login", **form),
            post(browser, f"{console.url}/login", **form),
        ]

    text = "\n".join(f"{line['message']} {line['extra']}" for line in lines)
    assert "/login" in text
    assert console.code not in text
    assert TOKEN not in text
    assert all(TOKEN not in answer.text for answer in answers)


def test_secrets_are_kept_in_files_that_only_their_owner_reads(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path, token=None) as console:
        token = (tmp_path / "token").read_text().strip()
        assert console.api("GET", "types", token=token).status_code == 200

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["cookie-secret", "token"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_token_may_come_from_a_file(engine: MemoryEngine, tmp_path: Path) -> None:
    file = tmp_path / "given"
    file.write_text(f"{OTHER}\n")

    with run_console(engine, tmp_path / "data", token_file=file) as console:
        assert console.api("GET", "types", token=OTHER).status_code == 200
        assert console.api("GET", "types", token=TOKEN).status_code == 401


@pytest.mark.parametrize("token", ["lab", "   ", "x" * 15])
def test_a_token_that_can_be_guessed_is_refused_at_the_start(tmp_path: Path, token: str) -> None:
    settings = load_settings(Settings, token=token, data_dir=tmp_path)

    with pytest.raises(SettingsError, match="DURAPY_TOKEN") as refused:
        load_credentials(settings)

    assert token.strip() == "" or token not in str(refused.value)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_wrong_method_on_a_page_is_said_in_words(console: Console, method: str) -> None:
    answer = console.ask(method, "/login")

    assert answer.status_code == 405
    assert "<h1" in answer.text
