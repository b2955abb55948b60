"""Every write of the console: refused to strangers, and to pages of others."""

import re
from collections.abc import Iterator

import pytest
from tornado.web import RequestHandler

from tests.support.console import LIMIT_S, Console, xsrf_in
from webserver.urls import ROUTES

METHODS = ("POST", "PUT", "DELETE", "PATCH")


def writes() -> Iterator[tuple[str, str]]:
    """Yield method and path of each write in the route table."""
    for pattern, handler in (route for route in ROUTES if isinstance(route, tuple)):
        path = re.sub(r"\((?:\[\^/\]\+|(\w+)[^)]*|[^)]*)\)", lambda m: m[1] or "x", pattern)
        for method in METHODS:
            if getattr(handler, method.lower()) is not RequestHandler._unimplemented_method:
                yield method, path


WRITES = sorted(writes())


def test_the_table_of_writes_is_whole() -> None:
    assert ("POST", "/api/v1/commands") in WRITES
    assert ("POST", "/api/v1/safe-state") in WRITES
    assert ("POST", "/api/v1/services/x/start") in WRITES
    assert ("POST", "/logout") in WRITES
    assert len(WRITES) >= 10


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_needs_a_sign_in_a_token_of_ours_and_a_page_of_ours(
    console: Console, method: str, path: str
) -> None:
    browser = console.sign_in()
    token = {"X-XSRFToken": xsrf_in(browser.get(f"{console.url}/", timeout=LIMIT_S).text)}
    stored = console.stored()

    def ask(**headers: str) -> int:
        url = f"{console.url}{path}"
        return browser.request(method, url, headers=headers, json={}, timeout=LIMIT_S).status_code

    stranger = console.ask(method, path, token=None, json={}).status_code

    assert stranger == (403 if path == "/login" else 401)
    assert ask() == 403
    assert ask(**{"X-XSRFToken": "2|aaaa|bbbb|1"}) == 403
    for origin in ("http://evil.example", "null", console.url.replace("http", "https") + "0"):
        assert ask(Origin=origin, **token) == 403
    assert console.stored() == stored
