"""Signing in by name, out everywhere, and how often one may guess."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from durapy_core.engines.memory import MemoryEngine
from durapy_core.settings import Settings
from durapy_core.users import Users
from tests.support.console import LIMIT_S, TOKEN, Console, run_console, xsrf_in
from tests.support.log_lines import logged
from webserver.guesses import MOST, WITHIN_S, Guesses
from webserver.sessions import Sessions

PASSWORD = "correct horse battery"  # noqa: S105 (of the test's own user)


@pytest.fixture
def named(engine: MemoryEngine, tmp_path: Path) -> Iterator[Console]:
    Users(tmp_path / "users").add("ada", PASSWORD)
    with run_console(engine, tmp_path) as console:
        yield console


def sign_in(console: Console, **form: str) -> tuple[requests.Session, requests.Response]:
    browser = requests.Session()
    page = browser.get(f"{console.url}/login", timeout=LIMIT_S)
    form["_xsrf"] = xsrf_in(page.text)
    answer = browser.post(f"{console.url}/login", data=form, timeout=LIMIT_S, allow_redirects=False)
    return browser, answer


def page_of(browser: requests.Session, console: Console) -> requests.Response:
    return browser.get(f"{console.url}/", timeout=LIMIT_S, allow_redirects=False)


def user_of(sessions: Sessions, signed: bytes) -> str | None:
    session = sessions.read(signed)
    return session and session.user


def test_who_sends_from_a_browser_is_on_the_record(named: Console) -> None:
    browser, answer = sign_in(named, name="ada", password=PASSWORD)
    assert answer.status_code == 303
    xsrf = xsrf_in(page_of(browser, named).text)

    sent = browser.post(
        f"{named.url}/api/v1/commands",
        json={"type": "PING", "body": {"key": "a1"}},
        headers={"X-XSRFToken": xsrf},
        timeout=LIMIT_S,
    )

    assert sent.json()["sender"] == "webserver:ada"


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("bob", PASSWORD), ("ada", ""), ("user", "x")]
)
def test_a_wrong_name_or_password_signs_nobody_in_and_says_not_which(
    named: Console, name: str, password: str
) -> None:
    browser, answer = sign_in(named, name=name, password=password)

    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert page_of(browser, named).status_code == 302


def test_a_removed_user_is_signed_out_at_once(named: Console, tmp_path: Path) -> None:
    browser, _ = sign_in(named, name="ada", password=PASSWORD)
    Users(tmp_path / "users").remove("ada")

    assert page_of(browser, named).status_code == 302


def test_a_new_password_signs_out_whoever_came_with_the_old_one(
    named: Console, tmp_path: Path
) -> None:
    browser, _ = sign_in(named, name="ada", password=PASSWORD)
    by_link = named.sign_in()
    Users(tmp_path / "users").add("bob", PASSWORD)
    assert page_of(browser, named).status_code == 200

    Users(tmp_path / "users").add("ada", f"{PASSWORD}!")

    assert page_of(browser, named).status_code == 302
    assert page_of(by_link, named).status_code == 200
    anew, _ = sign_in(named, name="ada", password=f"{PASSWORD}!")
    assert page_of(anew, named).status_code == 200


def test_the_socket_of_a_removed_user_is_closed(named: Console, tmp_path: Path) -> None:
    browser, _ = sign_in(named, name="ada", password=PASSWORD)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with named.connect(Cookie=cookie) as socket:
        socket.hello("command")
        Users(tmp_path / "users").remove("ada")

        assert socket.hear_end() == 4003


def test_signing_out_everywhere_ends_every_browser_of_this_user_also_after_a_restart(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    for name in ("ada", "bob"):
        Users(tmp_path / "users").add(name, PASSWORD)
    with run_console(engine, tmp_path) as console:
        one, _ = sign_in(console, name="ada", password=PASSWORD)
        two, _ = sign_in(console, name="ada", password=PASSWORD)
        other, _ = sign_in(console, name="bob", password=PASSWORD)
        page = one.get(f"{console.url}/logout", timeout=LIMIT_S).text
        form = {"_xsrf": xsrf_in(page), "everywhere": "1"}
        bare = two.post(f"{console.url}/logout", data={"everywhere": "1"}, timeout=LIMIT_S)
        one.post(f"{console.url}/logout", data=form, timeout=LIMIT_S)
        assert page_of(two, console).status_code == 302
        assert page_of(other, console).status_code == 200
        anew, _ = sign_in(console, name="ada", password=PASSWORD)
        assert page_of(anew, console).status_code == 200
    with run_console(engine, tmp_path) as console:
        after = console.ask("GET", "/", token=None, cookies=dict(two.cookies))

    assert bare.status_code == 403  # without the token of the form it did nothing
    assert after.status_code == 302


def test_signing_out_ends_the_session_in_every_tab_and_for_whoever_kept_its_cookie(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console:
        mine, other = console.sign_in(), sign_in(console, token=TOKEN)[0]
        kept = dict(mine.cookies)
        cookie = "; ".join(f"{name}={value}" for name, value in kept.items())
        with console.connect(Cookie=cookie) as tab:
            tab.hello("command")
            form = {"_xsrf": xsrf_in(page_of(mine, console).text)}
            mine.post(f"{console.url}/logout", data=form, timeout=LIMIT_S)

            assert tab.hear_end() == 4003
        assert page_of(other, console).status_code == 200
    with run_console(engine, tmp_path) as console:
        after = console.ask("GET", "/", token=None, cookies=kept)

    assert after.status_code == 302


def test_what_is_kept_of_sessions_that_ended_is_bounded(tmp_path: Path) -> None:
    now = [100_000.0]
    sessions = Sessions(tmp_path / "ended", rig="r", hours=1, clock=lambda: now[0])
    for _ in range(50):
        sessions.end(sessions.begin("ada").encode())
        now[0] += 600
    sessions.end_all("ada")

    assert len(json.loads((tmp_path / "ended").read_text())) <= 8


def test_after_ten_wrong_tries_even_the_right_password_waits(named: Console) -> None:
    for _ in range(MOST):
        assert sign_in(named, name="ada", password="wrong")[1].status_code == 401  # noqa: S106

    _, answer = sign_in(named, name="ada", password=PASSWORD)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= WITHIN_S
    assert "Too many wrong tries" in answer.text
    assert named.api("GET", "services").status_code == 200  # programs have a token


def test_wrong_tries_at_once_are_no_more_than_one_after_the_other(named: Console) -> None:
    with ThreadPoolExecutor(3 * MOST) as pool:
        tries = [pool.submit(sign_in, named, name="ada", password="wrong") for _ in range(3 * MOST)]  # noqa: S106
        codes = sorted(one.result()[1].status_code for one in tries)

    assert codes == [401] * MOST + [429] * 2 * MOST


def test_tries_that_could_not_be_looked_at_are_not_counted(named: Console, tmp_path: Path) -> None:
    users = (tmp_path / "users").read_bytes()
    for _ in range(MOST + 1):
        browser = requests.Session()
        xsrf = xsrf_in(browser.get(f"{named.url}/login", timeout=LIMIT_S).text)
        (tmp_path / "users").write_bytes(b"\xff")
        form = {"name": "ada", "password": PASSWORD, "_xsrf": xsrf}
        assert browser.post(f"{named.url}/login", data=form, timeout=LIMIT_S).status_code == 500
        (tmp_path / "users").write_bytes(users)

    assert sign_in(named, name="ada", password=PASSWORD)[1].status_code == 303


def test_a_file_of_users_that_cannot_be_read_stops_no_heartbeat(
    named: Console, tmp_path: Path
) -> None:
    ada, _ = sign_in(named, name="ada", password=PASSWORD)
    cookie = "; ".join(f"{name}={value}" for name, value in ada.cookies.items())
    with named.connect(Cookie=cookie) as hers, named.connect() as other:
        other.hello("command")
        (tmp_path / "users").write_bytes(b"\xff")

        assert hers.hear_end() == 4003
        other.hear("hb")
        other.hear("hb")
        page = named.ask("GET", "/login", token=None)
        assert (page.status_code, "durapy link" in page.text) == (200, True)
        assert "cannot be read" in page.text
        assert str(tmp_path) not in page.text


def test_no_password_shows_in_a_log_line_or_an_answer(named: Console) -> None:
    with logged() as lines:
        answers = [
            sign_in(named, name="ada", password=PASSWORD)[1],
            sign_in(named, name="ada", password=f"{PASSWORD}!")[1],
        ]

    assert PASSWORD not in "".join(str(line) for line in lines)
    assert all(PASSWORD not in answer.text for answer in answers)


def test_the_link_signs_in_without_a_name_also_where_there_are_names(named: Console) -> None:
    assert page_of(named.sign_in(), named).status_code == 200


def test_two_consoles_on_one_host_do_not_sign_each_other_out(tmp_path: Path) -> None:
    names = {Sessions(tmp_path / "x", rig=f"durapy:{port}", hours=1).cookie for port in (1, 2)}

    assert len(names) == 2


def test_a_session_ends_when_its_hours_are_over(tmp_path: Path) -> None:
    now = [1000.0]
    sessions = Sessions(tmp_path / "x", rig="r", hours=2, clock=lambda: now[0])
    signed = sessions.begin("ada").encode()
    now[0] += 2 * 3600
    assert user_of(sessions, signed) == "ada"
    now[0] += 1

    assert user_of(sessions, signed) is None
    assert user_of(sessions, b"user") is None
    assert user_of(sessions, b"[1]") is None


def test_wrong_tries_are_forgotten_after_a_while_or_a_right_one() -> None:
    now = [0.0]
    guesses = Guesses(clock=lambda: now[0])
    for _ in range(MOST):
        guesses.count("a")
        now[0] += 1

    assert guesses.wait_s("a") == WITHIN_S - MOST
    assert guesses.wait_s("b") == 0
    now[0] = WITHIN_S
    assert guesses.wait_s("a") == 0
    guesses.forget("a")
    guesses.count("a")
    assert guesses.wait_s("a") == 0


def test_the_addresses_of_one_ipv6_network_count_as_one() -> None:
    guesses = Guesses()
    for number in range(MOST):
        guesses.count(f"2001:db8:1:2::{number:x}")

    assert guesses.wait_s("2001:db8:1:2:ffff::1") > 0
    assert guesses.wait_s("2001:db8:1:3::1") == 0
    assert guesses.wait_s("10.0.0.1") == 0


def test_who_signed_out_everywhere_may_sign_in_after_the_clock_is_set_back(tmp_path: Path) -> None:
    now = [100_000.0]
    sessions = Sessions(tmp_path / "ended", rig="r", hours=1, clock=lambda: now[0])
    before = sessions.begin("ada").encode()
    sessions.end_all("ada")
    now[0] = 10_000.0

    anew = sessions.begin("ada").encode()
    assert user_of(sessions, anew) == "ada"
    assert user_of(sessions, before) is None
    sessions.end_all("ada")
    assert user_of(sessions, anew) is None


def test_the_addresses_of_guessers_are_bounded() -> None:
    guesses = Guesses()
    for number in range(20_000):
        guesses.count(str(number))

    assert len(guesses._wrong) <= 10_000


def test_the_file_of_users_may_lie_elsewhere_and_is_read_by_its_owner_only(tmp_path: Path) -> None:
    path = Settings(data_dir=tmp_path, users_file=tmp_path / "who").users_path
    Users(path).add("ada", PASSWORD)

    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in path.read_text()
    assert path.read_text().startswith("ada:$argon2id$")
