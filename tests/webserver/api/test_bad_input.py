"""Bad input: the right 4xx, one clear line, and nothing is stored."""

import json
from typing import Any

import pytest
import requests

from tests.support.console import LIMIT_S, TOKEN, Console, xsrf_in


def body(**fields: Any) -> dict[str, Any]:
    return {"json": {"type": "PING", "body": fields}}


REFUSED = [
    ("unknown type", {"json": {"type": "PNIG", "body": {}}}, 422, "unknown_type", 'mean "PING"?'),
    ("no type", {"json": {"body": {}}}, 422, "invalid", "type: Required"),
    ("type no text", {"json": {"type": 5, "body": {}}}, 422, "invalid", "type: Required"),
    ("missing field", body(), 422, "invalid", "key: Required"),
    ("wrong type", body(key=5), 422, "invalid", "key: Must be text"),
    (
        "extra field",
        body(key="a1", tims=2),
        422,
        "invalid",
        'tims: Unknown field; did you mean "times"',
    ),
    ("out of range", body(key="a1", times=11), 422, "invalid", "times: At most 10"),
    ("nested", body(key="a1", at={"x": -1}), 422, "invalid", "at.x: At least 0"),
    (
        "body no object",
        {"json": {"type": "PING", "body": [1]}},
        422,
        "invalid",
        "Must be an object",
    ),
    ("body null", {"json": {"type": "PING", "body": None}}, 422, "invalid", "Must be an object"),
    ("not JSON", {"data": "{key: 1}"}, 400, "bad_request", "not JSON"),
    ("empty", {"data": ""}, 400, "bad_request", "not JSON"),
    ("not UTF-8", {"data": b'{"type":"\xff"}'}, 400, "bad_request", "not UTF-8"),
    ("no object", {"data": "[]"}, 400, "bad_request", '{"type": …'),
    ("extra key", {"data": '{"type":"PING","body":{},"x":1}'}, 400, "bad_request", "'x'"),
    ("NaN", {"data": '{"type":"PING","body":{"times":NaN}}'}, 400, "bad_request", "NaN"),
    ("infinite", {"data": '{"type":"PING","body":{"times":1e999}}'}, 400, "bad_request", "1e999"),
    (
        "endless digits",
        {"data": '{"type":"PING","body":{"times":' + "1" * 5000 + "}}"},
        400,
        "bad_request",
        "",
    ),
    (
        "half a character",
        {"data": r'{"type":"PING","body":{"key":"\ud800x"}}'},
        400,
        "bad_request",
        "surrogate",
    ),
    (
        "too deep",
        {"data": '{"type":"PING","body":' + "[" * 100_000},
        400,
        "bad_request",
        "nested too deeply",
    ),
    ("too large", {"data": b"x" * 10 * 1024 * 1024}, 413, "too_large", "10,485,760 bytes"),
    (
        "bad flag",
        {**body(key="a1"), "params": {"dry_run": "yes"}},
        400,
        "bad_request",
        "dry_run=yes",
    ),
]


@pytest.mark.parametrize(
    ("request_", "status", "code", "words"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_it_is_refused_in_one_clear_line_and_nothing_is_stored(
    console: Console, request_: dict[str, Any], status: int, code: str, words: str
) -> None:
    answer = console.api("POST", "commands", **request_)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert words in error["message"]
    assert "\n" not in error["message"]
    assert len(error["message"]) < 400
    assert "Traceback" not in answer.text
    assert console.stored() == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method_is_refused_and_the_right_ones_are_named(
    console: Console, method: str
) -> None:
    answer = console.api(method, "commands")

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"


def test_a_method_that_nobody_knows_is_refused(console: Console) -> None:
    assert console.api("BREW", "commands").status_code == 405


@pytest.mark.parametrize("token", [None, "wrong", "", TOKEN + "x", TOKEN[:-1], "wröng"])
def test_without_the_right_token_nothing_is_done(console: Console, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}

    sent = console.send(token=None, headers=headers)
    asked = console.api("GET", "commands", token=None, headers=headers)

    for answer in (sent, asked):
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert console.stored() == 0


def test_another_kind_of_authorization_is_no_sign_in(console: Console) -> None:
    answer = console.send(token=None, headers={"Authorization": f"Basic {TOKEN}"})

    assert answer.status_code == 401


def post_by_cookie(console: Console, headers: dict[str, str]) -> requests.Response:
    browser = console.sign_in()
    known = {"X-XSRFToken": xsrf_in(browser.get(f"{console.url}/", timeout=LIMIT_S).text)}
    return browser.post(
        f"{console.url}/api/v1/commands",
        data=json.dumps({"type": "PING", "body": {"key": "a1"}}),
        headers={name: text for name, text in {**known, **headers}.items() if text},
        timeout=LIMIT_S,
    )


def test_a_signed_in_browser_may_send(console: Console) -> None:
    answer = post_by_cookie(console, {"Origin": console.url})

    assert (answer.status_code, answer.json()["sender"]) == (201, "webserver:user")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "x"])
def test_a_page_of_another_server_may_not_send(console: Console, origin: str) -> None:
    answer = post_by_cookie(console, {"Origin": origin})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert origin in answer.json()["error"]["message"]
    assert console.stored() == 0


@pytest.mark.parametrize("xsrf", ["", "wrong", "2|aaaa|bbbb|1"])
def test_a_browser_without_the_xsrf_token_may_not_send(console: Console, xsrf: str) -> None:
    answer = post_by_cookie(console, {"X-XSRFToken": xsrf})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert "X-XSRFToken" in answer.json()["error"]["message"]
    assert console.stored() == 0


def test_a_large_request_is_refused_before_it_is_known_who_asks(console: Console) -> None:
    answer = console.api("POST", "commands", token=None, data=b"x" * 20_000_000)

    assert answer.status_code == 413


def test_a_large_chunked_request_is_refused_too(console: Console) -> None:
    chunks = (b"x" * 100_000 for _ in range(100))

    assert console.api("POST", "commands", data=chunks).status_code == 413


def test_the_connection_serves_the_next_request_after_one_that_was_too_large(
    console: Console,
) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        url = f"{console.url}/api/v1/commands"
        large = session.post(url, data=b"x" * 9_000_000, timeout=LIMIT_S)
        small = session.get(url, timeout=LIMIT_S)

    assert (large.status_code, small.status_code) == (413, 200)


def test_a_body_of_one_mebibyte_is_stored(console: Console) -> None:
    assert console.send("ü" * 500_000).status_code == 201


def test_an_address_that_is_not_there_is_not_found_in_json(console: Console) -> None:
    answer = console.api("POST", "comands", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
