"""Static files: the right type, kept as long as it is right, and nothing outside their folder."""

import gzip
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.console import LIMIT_S, Console
from webserver.static_files import STATIC_DIR, StaticFiles, find_file


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("css/base.css", "text/css; charset=utf-8"),
        ("durapy/client.js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_a_file_has_its_type_and_needs_no_sign_in(
    console: Console, name: str, mime_type: str
) -> None:
    answer = console.ask("GET", f"/static/{name}", token=None)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == mime_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content == (STATIC_DIR / name).read_bytes()


def test_a_file_is_asked_for_anew_and_answered_briefly_if_it_is_the_same(
    console: Console,
) -> None:
    first = console.ask("GET", "/static/durapy/client.js")
    same = console.ask(
        "GET", "/static/durapy/client.js", headers={"If-None-Match": first.headers["Etag"]}
    )

    assert first.headers["Cache-Control"] == "no-cache"
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["Etag"] == first.headers["Etag"]


def test_a_file_named_with_its_hash_is_kept_for_good(console: Console) -> None:
    content = (STATIC_DIR / "css/base.css").read_bytes()
    version = sha256(content).hexdigest()[:16]

    right = console.ask("GET", f"/static/css/base.css?v={version}")
    wrong = console.ask("GET", "/static/css/base.css?v=0123")

    assert "immutable" in right.headers["Cache-Control"]
    assert wrong.headers["Cache-Control"] == "no-cache"
    assert f"/static/css/base.css?v={version}" in console.ask("GET", "/login").text


def test_a_large_text_is_compressed_for_who_takes_it(console: Console) -> None:
    packed = console.ask("GET", "/static/durapy/client.js", headers={"Accept-Encoding": "gzip"})
    plain = console.ask("GET", "/static/durapy/client.js", headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["Etag"] != plain.headers["Etag"]
    assert int(packed.headers["Content-Length"]) == len(gzip.compress(plain.content, mtime=0))


def test_a_head_is_answered_without_the_file(console: Console) -> None:
    answer = console.ask("HEAD", "/static/favicon.svg")

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "name",
    [
        "../app.py", "%2e%2e/app.py", "..%2fapp.py", "../../pyproject.toml", "/etc/passwd",
        "%2fetc/passwd", "css/../../security.py", "css", "css/", "", "nothing.js", "%00.js",
        "..%5capp.py", ".hidden.js", "x" * 5000 + ".js",
    ],
)  # fmt: skip
def test_nothing_else_is_served(console: Console, name: str) -> None:
    connection = HTTPConnection(console.url.removeprefix("http://"), timeout=LIMIT_S)
    connection.request("GET", f"/static/{name}")  # as it stands: other clients tidy the path
    answer = connection.getresponse()

    assert answer.status in (400, 404)
    assert b"import" not in answer.read()
    connection.close()


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.js").write_text("secret")
    (inside / "link.js").symlink_to(outside / "secret.js")
    (inside / "folder").symlink_to(outside)

    assert find_file(inside, "link.js") is None
    assert find_file(inside, "folder/secret.js") is None
    assert find_file(inside, "../inside/link.js") is None


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    files = StaticFiles()
    path = tmp_path / "a.js"
    path.write_text("one")
    first = files.load(tmp_path, "a.js")
    path.write_text("other")
    second = files.load(tmp_path, "a.js")

    assert first is not None
    assert second is not None
    assert (first.content, second.content) == (b"one", b"other")
    assert first.digest != second.digest
