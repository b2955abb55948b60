"""The page of promises: each sentence is held by tests that exist."""

import re

import pytest

from tests.support.checkout import ROOT

PAGE = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
PROMISES = [line for line in PAGE.splitlines() if line.startswith("- ")]
HOMES = ("tests", "durapy_core/testing")


def existing() -> set[str]:
    """Return the names of all tests."""
    files = [file for home in HOMES for file in (ROOT / home).rglob("*.py")]
    return {
        name
        for file in files
        for name in re.findall(r"def (test_\w+)\(", file.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("promise", PROMISES)
def test_each_promise_names_tests_that_exist(promise: str) -> None:
    named = re.findall(r"`(test_\w+)`", promise)

    assert named
    assert set(named) <= existing()
    assert promise.endswith(")")


def test_the_page_makes_promises() -> None:
    assert len(PROMISES) > 20
