"""Recorded files of a page: listed, read and sent, and nothing beside their folder."""

import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from durapy_core.engines.memory import MemoryEngine
from tests.support.console import LIMIT_S, TOKEN, Console, run_console
from webserver.api.recorded import list_recorded

PAGE = """
from pathlib import Path
from webserver.api.recorded import RecordedApi, find_recorded

FOLDER = Path({folder!r})

class Download(RecordedApi):
    async def get(self, name):
        await self.send_recorded(FOLDER, name)

class Size(RecordedApi):
    async def get(self, name):
        size = await self.on_thread(lambda: find_recorded(FOLDER, name).stat().st_size)
        self.reply({{"size": size}})

handlers = [(r"files/(.*)", Download), (r"sizes/(.*)", Size)]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "day 1").mkdir(parents=True)
    (folder / "a.csv").write_text("x\n1\n")
    (folder / "day 1" / "mäuse #7.csv").write_text("x\n2\n")
    (folder / ".hidden.csv").write_text("secret")
    (tmp_path / "outside.csv").write_text("secret")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.csv")
    return folder


@pytest.fixture
def console(engine: MemoryEngine, tmp_path: Path, folder: Path) -> Iterator[Console]:
    page = tmp_path / "pages" / "rec"
    page.mkdir(parents=True)
    (page / "page.py").write_text(PAGE.format(folder=str(folder)))
    (page / "page.html").write_text("nothing")
    with run_console(engine, tmp_path / "data", pages_dir=tmp_path / "pages") as console:
        assert console.ask("GET", "/x/rec").status_code == 200
        yield console


def test_a_folder_is_listed_newest_first_without_what_leads_out_of_it(folder: Path) -> None:
    os.utime(folder / "a.csv", (1, 1))

    every = list_recorded(folder, "**/*.csv")
    flat = list_recorded(folder, "*.csv")

    assert [file.name for file in every] == ["day 1/mäuse #7.csv", "a.csv"]
    assert [(file.name, file.size_bytes, file.changed_at.timestamp()) for file in flat] == [
        ("a.csv", 4, 1)
    ]
    assert list_recorded(folder, "**/*.csv", limit=1) == every[:1]


def test_a_folder_that_is_not_there_is_an_error_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_recorded(tmp_path / "nothing", "*.csv")


def test_a_file_is_a_download_under_its_own_name(console: Console, folder: Path) -> None:
    answer = console.ask("GET", "/x/rec/api/files/day%201/m%C3%A4use%20%237.csv")

    assert (answer.status_code, answer.text) == (200, "x\n2\n")
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''m%C3%A4use%20%237.csv"
    )
    assert console.ask("GET", "/x/rec/api/sizes/a.csv").json() == {"size": 4}


def test_a_file_that_a_browser_would_run_is_not_shown_by_it(console: Console, folder: Path) -> None:
    (folder / "page.html").write_text("<script>alert(1)</script>")

    answer = console.ask("GET", "/x/rec/api/files/page.html")

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_large_file_is_sent_in_pieces_and_whole(console: Console, folder: Path) -> None:
    content = os.urandom(5_000_000)
    (folder / "video.bin").write_bytes(content)

    answer = console.ask("GET", "/x/rec/api/files/video.bin")

    assert answer.content == content
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "name",
    [
        "../outside.csv", "..%2foutside.csv", "%2e%2e/outside.csv", "day%201/../../outside.csv",
        "%2fetc%2fpasswd", "/etc/passwd", "link.csv", "up/outside.csv", ".hidden.csv", "pipe.csv",
        "day%201", "", "nothing.csv", "a.csv%00", "..%5coutside.csv", "x" * 5000,
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ],
)  # fmt: skip
@pytest.mark.parametrize("route", ["files", "sizes"])
def test_nothing_else_is_found(console: Console, route: str, name: str) -> None:
    connection = HTTPConnection(console.url.removeprefix("http://"), timeout=LIMIT_S)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    # As it stands: other clients tidy the path.
    connection.request("GET", f"/x/rec/api/{route}/{name}", headers=headers)
    answer = connection.getresponse()

    assert (answer.status, answer.headers["Content-Type"]) == (
        404,
        "application/json; charset=UTF-8",
    )
    assert b"secret" not in answer.read()
    connection.close()


def test_a_stranger_is_sent_nothing(console: Console) -> None:
    assert console.ask("GET", "/x/rec/api/files/a.csv", token=None).status_code == 401
