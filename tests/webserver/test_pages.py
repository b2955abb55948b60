"""Pages: found by being there, equal to the built-in ones, and harmless when broken."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest

from durapy_core.engines.memory import MemoryEngine
from tests.support.console import Console, run_console
from tests.support.log_lines import logged
from webserver.offload import Offload
from webserver.page_loading import BUILT_IN_DIR
from webserver.pages import Pages

HTML = '{% extends "base.html" %}{% block main %}<p id="mine">{{ said }}</p>{% end %}'


@pytest.fixture
def pages_dir(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    return tmp_path / "pages"


@pytest.fixture
def console(engine: MemoryEngine, tmp_path: Path, pages_dir: Path) -> Iterator[Console]:
    with run_console(engine, tmp_path / "data", pages_dir=pages_dir) as console:
        yield console


def add(folder: Path, code: str = "", html: str | None = HTML) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "page.py").write_text(dedent(code))
    if html is not None:
        (folder / "page.html").write_text(html)


def test_the_built_in_pages_are_in_the_rail_and_reachable(console: Console) -> None:
    home = console.ask("GET", "/")

    assert home.status_code == 200
    assert 'href="/commands"' in home.text
    assert 'data-page="dashboard"' in home.text
    assert console.ask("GET", "/commands").status_code == 200


def test_a_page_is_there_as_soon_as_its_folder_is(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "lick", 'title = "Lick rate"\ndef data(request): return {"said": "hello"}')
    (pages_dir / "lick" / "page.js").write_text("export const rate = 1;")

    page = console.ask("GET", "/x/lick")
    rail = console.ask("GET", "/")
    script = console.ask("GET", "/pages/lick/page.js")

    assert '<p id="mine">hello</p>' in page.text
    assert "Lick rate" in rail.text
    assert (script.status_code, script.text) == (200, "export const rate = 1;")
    assert console.ask("GET", "/x/lick/page.js").text == script.text


def test_an_edited_page_shows_on_reload(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "lick", 'def data(request): return {"said": "one"}')
    first = console.ask("GET", "/x/lick").text
    add(pages_dir / "lick", 'def data(request): return {"said": "two"}', HTML + "<!-- new -->")
    second = console.ask("GET", "/x/lick").text

    assert '<p id="mine">one</p>' in first
    assert '<p id="mine">two</p>' in second


def test_a_removed_page_is_gone(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "lick", 'def data(request): return {"said": ""}')
    assert console.ask("GET", "/x/lick").status_code == 200

    (pages_dir / "lick" / "page.py").unlink()

    assert console.ask("GET", "/x/lick").status_code == 404


def test_a_page_is_told_who_asks_for_what(console: Console, pages_dir: Path) -> None:
    add(
        pages_dir / "echo",
        """
        def data(request):
            entries = request.engine.page("commands")
            return {"said": f"{request.user.name} {request.query['q']} {len(entries)}"}
        """,
    )
    console.send("a1")

    assert "api &lt;b&gt; 1" in console.ask("GET", "/x/echo?q=<b>").text


def test_a_page_brings_its_own_routes_behind_the_same_sign_in(
    console: Console, pages_dir: Path
) -> None:
    add(
        pages_dir / "lick",
        """
        from webserver.api.base import Api

        class Rate(Api):
            def get(self, channel):
                self.reply({"channel": channel, "user": self.user.name})

            def post(self, channel):
                self.reply({"taken": self.json_body()})

        handlers = [(r"rates/(\\d+)", Rate)]
        """,
    )
    console.ask("GET", "/x/lick")

    assert console.ask("GET", "/x/lick/api/rates/3").json() == {"channel": "3", "user": "api"}
    assert console.ask("POST", "/x/lick/api/rates/3", json=[1]).json() == {"taken": [1]}
    assert console.ask("GET", "/x/lick/api/rates/3", token=None).status_code == 401
    assert console.ask("GET", "/x/lick/api/other").status_code == 404
    assert console.ask("GET", "/x/nobody/api/rates/3").status_code == 404


def test_a_page_has_the_slug_and_order_it_asks_for_and_may_hide(
    pages_dir: Path,
) -> None:
    add(pages_dir / "b", 'slug = "bee"\norder = 1')
    add(pages_dir / "a", "order = 2\nhidden = True")
    add(pages_dir / "_drafts")
    (pages_dir / "no_page").mkdir()

    found = [page for page in Pages(pages_dir).refresh() if page.folder.parent == pages_dir]

    assert [(p.slug, p.href, p.hidden, p.title) for p in found] == [
        ("bee", "/x/bee", False, "b"),
        ("a", "/x/a", True, "a"),
    ]


BROKEN = {
    "syntax": "this is no Python",
    "import": "import nothing_like_that",
    "exit": "import sys; sys.exit(1)",
    "slug": 'slug = "../etc"',
    "data": "data = 5",
    "open": 'from tornado.web import RequestHandler\nhandlers = [("x", RequestHandler)]',
    "pattern": "handlers = [('(', __import__('webserver.api.base').api.base.Api)]",
}


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN.keys())
def test_a_page_that_cannot_be_loaded_says_so_in_its_place_and_breaks_nothing_else(
    console: Console, pages_dir: Path, code: str
) -> None:
    add(pages_dir / "bad", code)

    answer = console.ask("GET", "/x/bad")

    assert answer.status_code == 500
    assert "bad/page.py:" in answer.text
    assert "Traceback" not in answer.text
    home = console.ask("GET", "/")
    assert home.status_code == 200
    assert 'href="/x/bad"' in home.text


@pytest.mark.parametrize(
    ("code", "html", "status"),
    [
        ("def data(request): raise ValueError('secret detail')", HTML, 500),
        ("def data(request): return {}", HTML, 500),
        ("", "{% if %}", 500),
        ("", None, 500),
    ],
    ids=["data fails", "a name is missing", "the template is wrong", "no page.html"],
)
def test_a_page_that_fails_when_shown_breaks_nothing_else(
    console: Console, pages_dir: Path, code: str, html: str | None, status: int
) -> None:
    add(pages_dir / "bad", code, html)

    answer = console.ask("GET", "/x/bad")

    assert answer.status_code == status
    assert "<h1" in answer.text
    assert "Traceback" not in answer.text
    assert console.ask("GET", "/").status_code == 200


def test_a_page_that_is_broken_keeps_the_rail_the_state_and_stop(
    console: Console, pages_dir: Path
) -> None:
    add(pages_dir / "bad", "import nothing_like_that")
    (pages_dir / "bad" / "page.js").write_text("throw 1;")

    text = console.ask("GET", "/x/bad").text

    assert 'id="stop-button"' in text
    assert 'href="/commands"' in text
    assert "bad/page.py: ModuleNotFoundError" in text
    assert 'src="/pages/bad/page.js' not in text


def test_a_page_needs_no_script(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "still", 'def data(request): return {"said": "still"}')
    without = console.ask("GET", "/x/still").text
    (pages_dir / "still" / "page.js").write_text("")
    with_one = console.ask("GET", "/x/still").text

    assert 'src="/pages/still/page.js' not in without
    assert 'src="/pages/still/page.js' in with_one


def test_a_handler_that_raises_says_no_more_than_that_and_logs_why(
    console: Console, pages_dir: Path
) -> None:
    add(
        pages_dir / "lick",
        """
        from webserver.api.base import Api
        from webserver.errors import ApiError

        class Bad(Api):
            def get(self):
                raise ValueError("secret detail")

        class No(Api):
            def get(self):
                raise ApiError(409, "busy", "The valve is open.")

        handlers = [("bad", Bad), ("no", No)]
        """,
    )
    console.ask("GET", "/x/lick")

    with logged() as lines:
        bad = console.ask("GET", "/x/lick/api/bad")
    refused = console.ask("GET", "/x/lick/api/no")

    assert (bad.status_code, bad.json()["error"]["code"]) == (500, "internal")
    assert "secret" not in bad.text
    assert "secret detail" in [str(e.value) for line in lines if (e := line["exception"])]
    assert refused.status_code == 409
    assert refused.json()["error"]["message"] == "The valve is open."
    assert console.ask("GET", "/").status_code == 200


def test_a_page_that_hangs_on_a_file_holds_up_nothing_else(
    console: Console, pages_dir: Path, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    add(pages_dir / "stuck", f'def data(request): return {{"said": open({str(fifo)!r}).read()}}')

    with ThreadPoolExecutor(20) as pool:
        stuck = [pool.submit(console.ask, "GET", "/x/stuck") for _ in range(20)]
        answers = [console.ask("GET", path) for path in ("/", "/commands", "/api/v1/commands")]
        sent = console.send("a1")
        unanswered = [one for one in stuck if not one.done()]
        while not all(one.done() for one in stuck):
            free(fifo)

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert sent.status_code == 201
    assert len(unanswered) == len(stuck)


def free(fifo: Path) -> None:
    """Let whoever waits to read from a pipe find its end."""
    with suppress(OSError):  # nobody waits at the moment
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    time.sleep(0.01)


def test_what_a_page_does_has_a_limit() -> None:
    offload, over = Offload(), threading.Event()

    async def ask() -> None:
        await offload.page(lambda: over.wait(60), owner="mine", limit_s=0.05)

    # On a thread of its own: where a browser is driven by this one, a loop runs here already.
    with ThreadPoolExecutor(1) as aside, pytest.raises(TimeoutError, match="longer than"):
        aside.submit(asyncio.run, ask()).result()

    over.set()
    offload.close()


def test_a_second_page_of_the_same_slug_is_left_out(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "mine", 'slug = "commands"\ntitle = "Impostor"')

    assert "Impostor" not in console.ask("GET", "/").text
    assert console.ask("GET", "/commands").status_code == 200


def test_only_a_built_in_page_has_a_path_of_its_own(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "mine", 'path = "/login"\ndef data(request): return {"said": "no"}')

    assert console.ask("GET", "/x/mine").status_code == 200
    assert 'id="mine"' not in console.ask("GET", "/login").text


def test_what_a_page_is_made_of_is_not_served(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "lick", "password = 1")

    for name in ("page.py", "page.html", "../lick/page.py", ".hidden.js", "nothing.js"):
        assert console.ask("GET", f"/pages/lick/{name}").status_code == 404


def test_what_a_page_shows_is_escaped(console: Console, pages_dir: Path) -> None:
    add(pages_dir / "lick", 'def data(request): return {"said": "<script>alert(1)</script>"}')

    text = console.ask("GET", "/x/lick").text

    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text


def test_the_worked_example_and_the_template_stay_short() -> None:
    for page in ("pingpong", "_template"):
        script = (BUILT_IN_DIR / page / "page.js").read_text()
        assert len(script.splitlines()) <= 40, page


def test_an_address_that_is_not_there_is_said_in_words(console: Console) -> None:
    for path in ("/nothing", "/x/nothing", "/Nothing/at/all", "/x/a/b/c"):
        answer = console.ask("GET", path)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
