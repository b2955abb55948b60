"""The scripts of a page: each is loaded once, and kept by the browser."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import Visitor

PATHS = ["/", "/commands", "/logs", "/deploy", "/x/pingpong"]


def loaded_scripts(page: Page) -> list[dict[str, Any]]:
    """Return the scripts of a page that is live: their path, version and bytes over the wire."""
    expect(page.locator("#connection")).to_have_text("Live")
    found: list[dict[str, Any]] = page.evaluate(
        """() => performance.getEntriesByType('resource')
          .map(({ name, transferSize }) => ({ url: new URL(name), bytes: transferSize }))
          .filter(({ url }) => url.pathname.endsWith('.js'))
          .map(({ url, bytes }) => ({ path: url.pathname, version: url.search, bytes }))"""
    )
    return found


@pytest.mark.parametrize("path", PATHS)
def test_each_script_has_one_address_with_its_hash(visitor: Visitor, path: str) -> None:
    scripts = loaded_scripts(visitor.open(path))

    paths = [script["path"] for script in scripts]
    assert len(paths) > 20
    assert sorted(set(paths)) == sorted(paths)
    assert [script for script in scripts if not script["version"].startswith("?v=")] == []


def test_what_a_browser_has_it_does_not_ask_for_again(browser: Browser, rig: LocalRig) -> None:
    with browser.new_context() as context:  # a visitor's answers are looked through, and not kept
        context.add_cookies(rig.cookies())  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{rig.url}/commands")
        assert sum(script["bytes"] for script in loaded_scripts(page)) > 10_000

        page.reload()

        assert [script for script in loaded_scripts(page) if script["bytes"]] == []


# As in a browser that knows no import maps: the map is taken away before it is read.
_NO_IMPORT_MAPS = """
  new MutationObserver(() => document.querySelector('script[type=importmap]')?.remove())
    .observe(document, { childList: true, subtree: true });
"""


def test_a_page_without_import_maps_works_with_plain_names(visitor: Visitor, page: Page) -> None:
    page.add_init_script(_NO_IMPORT_MAPS)
    scripts = loaded_scripts(visitor.open("/commands"))

    paths = [script["path"] for script in scripts]
    assert sorted(set(paths)) == sorted(paths)
    assert "" in [script["version"] for script in scripts]
    expect(page.get_by_role("heading", name="INITIATE_SESSION")).to_be_visible()
