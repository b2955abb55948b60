"""What a service sends is text, whatever it looks like."""

import pytest
from playwright.sync_api import Page, expect

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS
from durapy_core.entry import NewEntry
from tests.support.local_rig import LocalRig, as_text
from tests.support.visitor import Visitor, rows

HOSTILE = {
    "script": "<script>window.broken = true</script>",
    "image": "<img src=x onerror='window.broken = true'>",
    "template": "${window.broken = true} {{ 7 * 7 }} {% raw %}",
    "attribute": "\"' onfocus='window.broken = true' autofocus x='",
    "direction": "abc\u202edef\u0000\u0007",
    "long": "x" * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_value_is_shown_as_text_everywhere(
    visitor: Visitor, page: Page, rig: LocalRig, name: str
) -> None:
    value = HOSTILE[name]
    record = rig.send("PING", key=value)

    visitor.open("/commands")
    row = rows(page).first
    start = value.partition("\0")[0][:100]  # how a control character looks is the browser's
    expect(row).to_contain_text(start)
    row.get_by_role("button").click()
    detail = page.get_by_role("region", name="Command detail")
    expect(detail).to_contain_text(as_text(value)[1:-1])
    visitor.shoot(f"hostile-{name}")
    detail.get_by_role("button", name="Edit and resend").click()
    expect(page.get_by_label("Key", exact=True)).to_have_value(record["body"]["key"])
    assert visitor.overflow() == ""
    visitor.open("/")
    expect(page.get_by_role("region", name="Latest commands")).to_contain_text(start)

    assert page.evaluate("() => window.broken") is None
    assert visitor.overflow() == ""


def test_the_label_of_a_session_is_text_too(visitor: Visitor, page: Page, rig: LocalRig) -> None:
    label = "<img src=x onerror='window.broken = true'>"
    visitor.open("/")

    with rig.in_session(subject=label):
        expect(page.locator("dp-hero")).to_contain_text(label)
        visitor.open("/commands")
        expect(page.get_by_role("link", name="RUNNING")).to_contain_text(label)

        assert page.evaluate("() => window.broken") is None


def test_what_cannot_be_read_is_shown_with_its_problem(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands")
    with open_engine(rig.store) as engine:
        engine.append(COMMANDS, NewEntry(type="PING", body="<b>no json"))
        engine.append(COMMANDS, NewEntry(type="NOBODY_KNOWS", body="{}"))
        engine.append(COMMANDS, NewEntry(type="PING", body="{}"))

    expect(rows(page).nth(2)).to_contain_text("JSON")
    expect(rows(page).nth(1)).to_contain_text("NOBODY_KNOWS")
    expect(rows(page).nth(0)).to_contain_text("key")
    rows(page).nth(2).get_by_role("button").click()
    expect(page.get_by_role("region", name="Command detail")).to_contain_text("<b>no json")
    visitor.shoot("commands-unreadable")
    assert visitor.findings() == []
