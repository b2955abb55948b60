"""Behind a reverse proxy: which headers are believed, from whom, and what they decide."""

import socket
from pathlib import Path
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import SettingsError
from durapy_core.settings import Settings, load_settings
from tests.support.console import LIMIT_S, TOKEN, Console, run_console
from tests.support.log_lines import logged
from webserver.guesses import MOST
from webserver.proxies import Proxies

HERE = "127.0.0.1"
SAYS_ALL = {
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "rig.lab",
}


def seen(trusted: str, peer: str, **headers: str) -> tuple[str, str, str]:
    """Return the address, scheme and host that a request from `peer` has."""
    given = HTTPHeaders({"Host": "127.0.0.1:8080"})
    for name, value in headers.items():
        given.add(name.replace("_", "-"), value)
    request = HTTPServerRequest(start_line=RequestStartLine("GET", "/", "HTTP/1.1"), headers=given)
    request.remote_ip = peer
    Proxies(load_settings(Settings, trusted_proxies=trusted).trusted_proxies).apply(request)
    return str(request.remote_ip), request.protocol, request.host


def wrong_sign_in(console: Console, **headers: str) -> Any:
    """Try a wrong token; the answer is the page, or that the address has to wait."""
    page = console.ask("GET", "/login", token=None, headers=headers)
    xsrf = page.text.partition('name="_xsrf" value="')[2].partition('"')[0]
    form = {"token": "wrong", "_xsrf": xsrf}
    cookies = {c.name: c.value for c in page.cookies}
    return console.ask(
        "POST", "/login", token=None, data=form, cookies=cookies, headers=headers
    ).status_code


def cookies_set(console: Console, **headers: str) -> str:
    return str(console.ask("GET", "/login", token=None, headers=headers).headers["Set-Cookie"])


def test_what_strangers_write_in_headers_is_not_believed() -> None:
    told = {name.replace("-", "_"): value for name, value in SAYS_ALL.items()}

    assert seen("", HERE, **told) == (HERE, "http", "127.0.0.1:8080")
    assert seen("10.0.0.0/8", HERE, **told) == (HERE, "http", "127.0.0.1:8080")
    assert seen("127.0.0.0/8", HERE, **told) == ("192.0.2.7", "https", "rig.lab")


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7", "192.0.2.7"),  # what the browser itself wrote is before it
        ("192.0.2.7, 10.1.2.3", "192.0.2.7"),  # a second trusted proxy
        ("192.0.2.7:51234", "192.0.2.7"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, unknown", HERE),
        ("192.0.2.7, unknown, 10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"),
        ("", HERE),
        (",,", HERE),
        ("999.1.1.1", HERE),
        ("[", HERE),
        ("é<script>", HERE),
        ("1" * 9000, HERE),
    ],
)
def test_the_last_address_that_is_no_trusted_proxy_is_the_browsers(
    forwarded: str, client: str
) -> None:
    address, _, _ = seen(f"{HERE}, 10.0.0.0/8", HERE, X_Forwarded_For=forwarded)

    assert address == client


@pytest.mark.parametrize(
    ("told", "scheme"),
    [("https", "https"), ("http", "http"), ("WSS", "https"), ("http, https", "https"),
     ("https, gopher", "http"), ("", "http"), ("é!", "http")],
)  # fmt: skip
def test_the_scheme_is_that_of_the_nearest_proxy(told: str, scheme: str) -> None:
    assert seen(HERE, HERE, X_Forwarded_Proto=told)[1] == scheme


@pytest.mark.parametrize(
    ("told", "host"),
    [("rig.lab", "rig.lab"), ("rig.lab:8443", "rig.lab:8443"), ("[::1]:80", "[::1]:80"),
     ("evil, rig.lab", "rig.lab"), ("rig.lab/..", "127.0.0.1:8080"), ("", "127.0.0.1:8080"),
     ("a b", "127.0.0.1:8080"), ("[", "127.0.0.1:8080"), ("rig:999999", "127.0.0.1:8080")],
)  # fmt: skip
def test_the_host_is_that_of_the_nearest_proxy_if_it_is_one(told: str, host: str) -> None:
    assert seen(HERE, HERE, X_Forwarded_Host=told)[2] == host


def test_a_proxy_that_comes_by_ipv6_is_known_by_its_ipv4_address() -> None:
    assert seen(HERE, f"::ffff:{HERE}", X_Forwarded_For="192.0.2.7")[0] == "192.0.2.7"


@pytest.mark.parametrize("text", ["nginx", "10.0.0.1/8", "10.0.0.0/99", "127.0.0.1;10.0.0.1"])
def test_what_is_no_network_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(Settings, trusted_proxies=text)

    assert str(caught.value).startswith(f"DURAPY_TRUSTED_PROXIES={text} is not usable: ")


@pytest.mark.parametrize("text", ["rig.lab", "https://rig.lab/console", "ftp://rig.lab"])
def test_an_address_of_the_console_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="DURAPY_CONSOLE_URL"):
        load_settings(Settings, console_url=text)


def test_links_name_the_address_that_was_set(engine: MemoryEngine, tmp_path: Path) -> None:
    with run_console(engine, tmp_path, console_url="https://rig.lab/") as console:
        assert console.url == "https://rig.lab"


def test_a_stranger_who_forges_headers_has_to_wait_and_gets_no_secure_cookie(
    console: Console,
) -> None:
    with logged() as lines:
        tries = [
            wrong_sign_in(console, **{"X-Forwarded-For": f"192.0.2.{number}"})
            for number in range(MOST + 1)
        ]
    secure = cookies_set(console, **SAYS_ALL)
    hints = [line for line in lines if "DURAPY_TRUSTED_PROXIES" in line["message"]]

    assert tries == [401] * MOST + [429]
    assert "secure" not in secure.lower()
    assert len(hints) == 1


def test_behind_a_trusted_proxy_each_browser_has_its_own_tries(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path, trusted_proxies=HERE) as console, logged() as lines:
        one = [wrong_sign_in(console, **{"X-Forwarded-For": "192.0.2.1"}) for _ in range(MOST + 1)]
        other = wrong_sign_in(console, **{"X-Forwarded-For": "192.0.2.2"})

    addresses = {line["extra"]["address"] for line in lines if "failed" in line["message"]}
    assert one[-1] == 429
    assert other == 401
    assert addresses == {"192.0.2.1", "192.0.2.2"}


def test_cookies_are_secure_where_the_browser_came_by_https(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path, trusted_proxies=HERE) as console:
        by_https = cookies_set(console, **SAYS_ALL)
        by_http = cookies_set(console, **{**SAYS_ALL, "X-Forwarded-Proto": "http"})

    assert "; Secure" in by_https
    assert "; Secure" not in by_http


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://rig.lab", 201), ("https://RIG.lab:443", 201), ("http://rig.lab", 403),
     ("https://rig.lab:8443", 403), ("https://127.0.0.1", 403), ("null", 403), ("https://[", 403),
     ("//rig.lab", 403), ("ftp://rig.lab", 403), ("https://rig.lab:" + "9" * 5000, 403)],
)  # fmt: skip
def test_origin_is_compared_with_what_the_browser_asked_for(
    engine: MemoryEngine, tmp_path: Path, origin: str, status: int
) -> None:
    with run_console(engine, tmp_path, trusted_proxies=HERE) as console:
        cookies = dict(console.sign_in().cookies)
        home = console.ask("GET", "/", token=None, cookies=cookies)
        xsrf = home.text.partition('name="xsrf" content="')[2].partition('"')[0]
        headers = {**SAYS_ALL, "Origin": origin, "X-XSRFToken": xsrf}
        answer = console.send(
            token=None, cookies={**cookies, **dict(home.cookies)}, headers=headers
        )

    assert answer.status_code == status


def test_headers_that_no_program_writes_raise_nothing(engine: MemoryEngine, tmp_path: Path) -> None:
    values = [b"", b",", b"\xff\xfe", b"[", b"[::1", b"%00", b"1" * 5000, b"::%eth0, ::1%\xe9"]
    with run_console(engine, tmp_path, trusted_proxies=HERE) as console, logged() as lines:
        answers = [ask_with(console, value) for value in values]

    assert {answer.split(b" ")[1] for answer in answers} == {b"200"}
    assert not [line for line in lines if line["level"].name == "ERROR"]


def ask_with(console: Console, value: bytes) -> bytes:
    """Return the first line of the answer to a request with this value in each of the headers."""
    port = int(console.url.rpartition(":")[2])
    with socket.create_connection((HERE, port), LIMIT_S) as raw:
        names = (name.encode() for name in (*SAYS_ALL, "Origin"))
        lines = [b"GET /api/v1/types HTTP/1.1", b"Host: x", b"Connection: close"]
        lines += [f"Authorization: Bearer {TOKEN}".encode()]
        raw.sendall(b"\r\n".join([*lines, *(name + b": " + value for name in names), b"", b""]))
        with raw.makefile("rb") as answer:
            return answer.readline()
