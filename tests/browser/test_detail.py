"""The detail of a command: who heard it, what led to it and followed, and sending it again."""

import ast
import json
import re
import shlex
from typing import Any

from playwright.sync_api import Locator, Page, expect

from services.commands import PingCommand
from tests.support.local_rig import LocalRig
from tests.support.visitor import Visitor, rows
from tests.support.waiting import wait_for


def row(page: Page, text: str) -> Locator:
    return rows(page).filter(has_text=text)


def detail_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Command detail")


def test_a_row_opens_its_detail_and_is_edited_and_sent_again(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    first = rig.send("PING", key="once")
    visitor.open("/commands?filter_text=once")

    row(page, "once").get_by_role("button").click()
    detail = page.get_by_role("region", name="Command detail")
    expect(detail).to_contain_text(first["key"])
    expect(detail).to_contain_text('"key": "once"')
    expect(detail).to_contain_text("sent by webserver:api")
    visitor.shoot("commands-detail")
    detail.get_by_role("button", name="Edit and resend").click()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    expect(page.get_by_label("Key", exact=True)).to_have_value("once")
    page.get_by_label("Key", exact=True).fill("once more")
    page.keyboard.press("Control+Enter")

    expect(rows(page)).to_have_count(2)
    assert [r["body"]["key"] for r in rig.records(text="once")] == ["once more", "once"]


def test_the_detail_of_an_answer_leads_to_what_caused_it(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    with rig.in_session(prefix="c"):
        wait_for(lambda: rig.records(type="PONG", text="c-"), "a pong")
    pong = rig.records(type="PONG", text="c-")[0]
    visitor.open(f"/commands?key={pong['key']}")

    visitor.open("/commands?filter_type=PONG&filter_text=c-")
    rows(page).first.get_by_role("button").click()
    detail = detail_of(page)
    tree = detail.get_by_role("region", name="What led to it")
    cause = tree.get_by_role("button", name=re.compile(rf" {pong['cause']}$"))
    cause.click()

    expect(detail.locator("pre")).to_contain_text(pong["body"]["input_key"])
    expect(detail.locator("pre")).not_to_contain_text("output_key")
    expect(detail).to_contain_text("sent by pinger")
    expect(cause).to_be_focused()
    tree.get_by_role("button", name=re.compile(rf" {pong['key']}$")).click()
    expect(detail.locator("pre")).to_contain_text(pong["body"]["output_key"])


def test_the_detail_says_who_heard_it_and_follows_while_it_is_open(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    with rig.in_session(prefix="h"):
        sent = rig.send("PING", key="h-heard")
        wait_for(lambda: rig.api("GET", f"commands/{sent['key']}")["receipts"], "its receipt")
        visitor.open("/commands?filter_text=h-heard")
        row(page, "PING").get_by_role("button").click()

        heard = detail_of(page).get_by_role("row").filter(has_text="ponger")
        expect(heard).to_contain_text("Done")
        expect(heard).to_contain_text("ms")
        tree = detail_of(page).get_by_role("region", name="What led to it")
        expect(tree.get_by_role("button")).to_have_count(2)
        visitor.shoot("commands-heard")

        rig.end("ponger")
        page.get_by_label("Filter by text").fill("h-alone")
        rig.send("PING", key="h-alone")
        row(page, "h-alone").get_by_role("button").click()
        expect(detail_of(page).get_by_role("row").filter(has_text="ponger")).to_contain_text(
            "no receipt", ignore_case=True
        )
        rig.start("ponger")
        expect(detail_of(page).get_by_role("row").filter(has_text="ponger")).to_contain_text("Done")
        expect(tree.get_by_role("button")).to_have_count(2)


def test_the_detail_says_why_a_handler_failed(visitor: Visitor, page: Page, rig: LocalRig) -> None:
    with rig.in_session(prefix="w"):
        again = rig.send("INITIATE_SESSION", subject="second", prefix="w")
        wait_for(lambda: rig.api("GET", f"commands/{again['key']}")["receipts"], "its receipts")
        visitor.open("/commands?filter_text=second")
        rows(page).first.get_by_role("button").click()

        expect(detail_of(page).get_by_role("row").filter(has_text="Refused")).to_have_count(2)
        expect(detail_of(page).locator(".why").first).to_contain_text("session")
        visitor.shoot("commands-refused")


def test_a_command_is_copied_as_what_sends_it_again(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    key = 'it\'s "quoted" $HOME é'
    rig.send("PING", key=key)
    visitor.open("/commands?filter_text=quoted")
    row(page, "PING").get_by_role("button").click()

    words = shlex.split(copied(page, "durapy send"))
    call = ast.parse(copied(page, "Python"), mode="eval").body

    assert words[:3] == ["durapy", "send", "PING"]
    assert json.loads(words[3]) == {"key": key}
    assert ast.unparse(call).startswith("ctx.send(PingCommand(key=")
    assert PingCommand(**arguments(call)).key == key
    assert json.loads(copied(page, "JSON")) == {"type": "PING", "body": {"key": key}}


def test_a_command_is_copied_also_where_the_browser_has_no_clipboard_for_pages(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    rig.send("PING", key="over plain HTTP")
    visitor.open("/commands?filter_text=plain")
    row(page, "PING").get_by_role("button").click()

    detail_of(page).get_by_role("button", name="Python").click()
    expect(page.get_by_role("status").filter(has_text="Copied as Python")).to_be_visible()
    page.get_by_label("Filter by text").fill("")
    page.keyboard.press("Control+v")

    expect(page.get_by_label("Filter by text")).to_have_value(
        'ctx.send(PingCommand(key="over plain HTTP"))'
    )


def copied(page: Page, name: str) -> str:
    detail_of(page).get_by_role("button", name=name).click()
    expect(page.get_by_role("status").filter(has_text=f"Copied as {name}")).to_be_visible()
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text


def arguments(call: ast.expr) -> dict[str, Any]:
    """Return the keywords of the command in `ctx.send(PingCommand(key=…))`."""
    assert isinstance(call, ast.Call)
    made = call.args[0]
    assert isinstance(made, ast.Call)
    return {str(word.arg): ast.literal_eval(word.value) for word in made.keywords}
