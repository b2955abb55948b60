"""docs/extend.md, followed line by line, with a browser that looks after each step."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.support.checkout import ROOT
from tests.support.documents import read_document
from tests.support.installed import clone_installed
from tests.support.requirements import missing
from tests.support.rig import cookies_of, free_port
from tests.support.tutorial import Block, Walk, read_blocks
from tests.support.visitor import Visitor, visiting
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("own_network")]

DOCUMENT = read_document("docs/extend.md")


@dataclass
class Built:
    """The console on which the page is built."""

    url: str
    token: str

    def cookies(self) -> list[dict[str, Any]]:
        """Return the cookies of a browser that has signed in."""
        return cookies_of(self.url, self.token)


def step(heading: str) -> list[Block]:
    """Return the blocks below a heading, those of headings below it included."""
    return read_blocks(DOCUMENT.section(heading))


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Walk, Built]]:
    folder = clone_installed(tmp_path_factory.mktemp("extend"))
    port = free_port()
    environment = {"DURAPY_PORT": str(port), "DURAPY_PING_PERIOD_S": "0.3"}
    with Walk(folder, environment, up="scripts/up --local") as walk:
        walk.follow(read_blocks("<!-- start -->\n```sh\nscripts/up\n```\n"))
        kept = folder / ".durapy" / "token"
        token = wait_for(lambda: kept.read_text().strip() if kept.exists() else "", "the token")
        yield walk, Built(f"http://127.0.0.1:{port}", token)


@pytest.mark.browser
def test_the_page_is_built_used_broken_and_mended(
    rig: tuple[Walk, Built], browser: Browser
) -> None:
    walk, console = rig
    with visiting(browser, console) as visitor:
        page = visitor.page

        walk.follow(step("1. Copy the template"))
        visitor.open("/")
        page.get_by_role("link", name="Gaze").click()
        expect(page.get_by_role("heading", name="Commands heard")).to_be_visible()

        walk.follow(step("2. Say what stands on it"))
        walk.follow(step("3. Hear, send, look back"))
        visitor.open("/x/gaze")
        hears_and_sends(page)

        walk.follow(step("4. Read recorded files"))
        visitor.open("/x/gaze")
        shows_what_was_recorded(page)
        visitor.shoot("extend-page")
        assert visitor.findings() == []

        says_that_it_is_broken(visitor, walk)


def hears_and_sends(page: Page) -> None:
    expect(page.locator("#subject")).to_have_text("mouse-7")
    expect(page.locator("#up")).to_have_text("3")
    page.wait_for_function("() => Number(document.getElementById('pongs').textContent) > 2")
    expect(page.locator("dp-plot canvas")).to_be_visible()
    page.get_by_role("button", name="Send a ping").click()
    expect(page.locator("#toasts")).to_contain_text("stored as")


def shows_what_was_recorded(page: Page) -> None:
    row = page.get_by_role("row", name="mouse 7.csv")
    expect(row).to_contain_text("16")
    row.get_by_role("button", name="How far?").click()
    expect(row).to_contain_text("4 px in 3 samples")
    with page.expect_download() as download:
        row.get_by_role("link", name="mouse 7.csv").click()
    assert download.value.suggested_filename == "mouse 7.csv"
    assert Path(download.value.path()).read_text() == "x,y\n1,5\n3,5\n5,8\n"


def says_that_it_is_broken(visitor: Visitor, walk: Walk) -> None:
    page = visitor.page
    broken, mended = step("5. Break it")
    visitor.expect_complaints("500")

    walk.follow([broken])
    visitor.open("/x/gaze")
    expect(page.get_by_role("heading", name="This page has a mistake")).to_be_visible()
    expect(page.locator("#main")).to_contain_text("NameError: name 'Gaze' is not defined")
    expect(page.get_by_role("button", name="STOP")).to_be_visible()

    walk.follow([mended])
    visitor.open("/x/gaze")
    expect(page.get_by_role("row", name="mouse 7.csv")).to_be_visible()


def test_nothing_but_the_folder_is_read(rig: tuple[Walk, Built]) -> None:
    walk, console = rig
    walk.run("ls webserver/pages/gaze/page.py recordings/*.csv")
    headers = {"Authorization": f"Bearer {console.token}"}

    for name in ("..%2fpyproject.toml", "%2fetc%2fpasswd", ".hidden.csv", "nothing.csv"):
        for route in ("files", "summary"):
            url = f"{console.url}/x/gaze/api/{route}/{name}"
            answer = requests.get(url, headers=headers, timeout=20)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_compose_takes_the_folder_that_is_mounted(tmp_path: Path) -> None:
    (shown,) = (code.text for code in DOCUMENT.code("yaml") if code.mark == "compose")
    override = tmp_path / "docker-compose.override.yml"
    override.write_text(shown)
    command = ["docker", "compose", "-f", str(ROOT / "docker-compose.yml"), "-f", str(override)]
    try:
        done = subprocess.run(
            [*command, "config", "--format", "json"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        missing("docker", "there is no `docker`")

    assert done.returncode == 0, done.stderr
    webserver = json.loads(done.stdout)["services"]["webserver"]
    mount = next(m for m in webserver["volumes"] if m["target"] == "/recordings")
    assert mount["read_only"]
    assert webserver["environment"]["DURAPY_GAZE_DIR"] == "/recordings"


def test_every_block_is_done_by_this_test() -> None:
    fenced = len(re.findall(r"^```\w+$", DOCUMENT.text, re.MULTILINE))

    assert len(read_blocks(DOCUMENT.text)) == fenced
