"""The headers that keep a browser from being used against its user."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from tests.support.console import Console

POLICY = (
    "default-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
    "font-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'",
    "frame-ancestors 'none'",
)  # fmt: skip
PAGES = ("/", "/commands", "/x/pingpong")
IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)


def source_of(script: str) -> str:
    """Return what a content policy calls an inline script that it lets run."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/commands", "/nothing", "/api/v1/health", "/api/v1/nothing",
     "/static/favicon.svg", "/static/nothing", "/pages/commands/page.js", "/x/pingpong"],
)  # fmt: skip
def test_every_answer_carries_them(console: Console, path: str) -> None:
    answer = console.ask("GET", path)
    headers = answer.headers

    import_maps = IMPORT_MAP.findall(answer.text)
    assert len(import_maps) == (path in PAGES)
    scripts = " ".join(["script-src 'self'", *map(source_of, import_maps)])
    assert set(headers["Content-Security-Policy"].split("; ")) == {*POLICY, scripts}
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Server" not in headers
    assert not any(name.startswith("Access-Control") for name in headers)


@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/commands"])
def test_what_belongs_to_this_rig_is_kept_by_no_cache(console: Console, path: str) -> None:
    assert console.ask("GET", path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/login", "/commands", "/x/pingpong", "/nothing"])
def test_no_page_holds_an_inline_script_or_style(console: Console, path: str) -> None:
    html = IMPORT_MAP.sub("", console.ask("GET", path).text).lower()

    assert "<style" not in html
    assert " style=" not in html
    assert " onclick=" not in html
    assert "javascript:" not in html
    for script in html.split("<script")[1:]:
        assert "src=" in script.partition(">")[0]
