import json

import pytest

from durapy_core.engines.base import COMMANDS, RECEIPTS
from durapy_core.entry import NewEntry
from durapy_core.exit_codes import ExitCode
from durapy_core.receipt import Outcome, Receipt
from tests.support.cli import Cli


def keys(out: str) -> list[str]:
    return [json.loads(line)["key"] for line in out.splitlines()]


def test_history_shows_the_latest_records_oldest_first(cli: Cli) -> None:
    sent = [cli.append("SAY", json.dumps({"text": str(i)})).key for i in range(5)]

    result = cli("history", "--limit", "3", "--json")

    assert keys(result.out) == sent[2:]


def test_history_for_people_is_one_line_a_record(cli: Cli) -> None:
    cli.append("SAY", '{"text": "hello"}', sender="ponger")

    (line,) = cli("history").out.splitlines()

    assert "SAY" in line
    assert "ponger" in line
    assert line.endswith('{"text": "hello"}')


def test_filters_narrow_the_history_down(cli: Cli) -> None:
    said = cli.append("SAY", '{"text": "Hello"}', sender="ada")
    cli.append("SAY", '{"text": "bye"}', sender="bob")
    cli.append("REWARD", sender="ada")

    assert keys(cli("history", "--json", "--type", "SAY", "--sender", "ada").out) == [said.key]
    assert keys(cli("history", "--json", "--text", "hELLO").out) == [said.key]
    assert keys(cli("history", "--json", "--text", "nowhere").out) == []


def test_a_filter_finds_what_lies_many_pages_back(cli: Cli) -> None:
    first = cli.append("SAY", '{"text": "needle"}')
    with cli.open_engine() as engine:
        engine.append_many(COMMANDS, [NewEntry(type="REWARD", body="{}")] * 1200)

    assert keys(cli("history", "--json", "--text", "needle").out) == [first.key]


def test_one_record_is_shown_whole(cli: Cli) -> None:
    key = cli.append("SAY", '{"text": "hello"}').key

    result = cli("history", key)

    assert f"key      {key}" in result.out
    assert '  "text": "hello"' in result.out


def test_one_record_shows_who_heard_it_and_the_tree_of_causes(cli: Cli) -> None:
    first = cli.append("SAY", '{"text": "hello"}', sender="ada").key
    second = cli.append("SAY", '{"text": "echo"}', sender="echo", cause=first, n=1).key
    third = cli.append("REWARD", sender="valve", cause=second, n=1).key
    with cli.open_engine() as engine:
        done = Receipt(key=second, service="valve", outcome=Outcome.DONE, wait_s=0.5, took_s=0.1)
        late = Receipt(key=second, service="camera", outcome=Outcome.EXPIRED, text="9 s old")
        engine.append_many(RECEIPTS, [done.to_entry(), late.to_entry()])

    out = cli("history", second).out
    record = json.loads(cli("history", second, "--json").out)

    lines = out.splitlines()
    assert "heard by nobody so far" in cli("history", first).out
    assert any(line.split()[:2] == ["valve", "done"] and "500.0 ms" in line for line in lines)
    assert any(line.split()[:2] == ["camera", "expired"] and "9 s old" in line for line in lines)
    assert lines[-3:] == [
        f"{first}  SAY  ada",
        f"  {second}  SAY  echo  <- this one",
        f"    {third}  REWARD  valve",
    ]
    assert [receipt["service"] for receipt in record["receipts"]] == ["valve", "camera"]
    assert record["effects"] == [third]


def test_an_unknown_key_is_refused(cli: Cli) -> None:
    result = cli("history", "999")

    assert result.code == ExitCode.COMMAND
    assert result.err == (
        "durapy: No record has the key '999'; `durapy history` shows the latest.\n"
    )


@pytest.mark.parametrize(
    ("wire_type", "body", "problem"),
    [
        ("SAY", "not json", "the body is not a JSON object"),
        ("SAY", "[1]", "the body is not a JSON object"),
        ("SAY", '{"text": 5}', "text"),
        ("SAY", "{}", "text"),
    ],
)
def test_what_cannot_be_read_is_shown_with_the_reason(
    cli: Cli, wire_type: str, body: str, problem: str
) -> None:
    cli.append(wire_type, body)

    record = json.loads(cli("history", "--json").out)

    assert record["raw"] == body
    assert problem in record["problem"]
    assert "! " in cli("history").out


def test_a_type_that_nobody_publishes_is_shown_with_its_body_and_that_nobody_handles_it(
    cli: Cli,
) -> None:
    cli.append("MATLAB_SAYS", '{"x": 1}')

    record = json.loads(cli("history", "--json").out)

    assert record["body"] == {"x": 1}
    assert record["problem"] == "no service publishes the type 'MATLAB_SAYS'"


def test_control_characters_do_not_reach_the_terminal(cli: Cli) -> None:
    cli.append("SAY", "\x1b[2J\x9b1m\x07 broken", sender="evil\x1b]0;title\x07")

    out = cli("history").out

    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in out.replace("\n", ""))


def test_unpaired_surrogates_are_printed_somehow(cli: Cli) -> None:
    cli.append("SAY", r'{"text": "\ud800"}')

    assert cli("history", "--json").code == 0
    assert cli("history").code == 0


def test_a_history_that_was_trimmed_says_so(cli: Cli) -> None:
    stored = [cli.append("SAY", '{"text": "hello"}').key for _ in range(5)]
    with cli.open_engine() as engine:
        engine.trim(COMMANDS, keep=3)

    whole, latest = cli("history", "--json"), cli("history", "--limit", "3")

    assert keys(whole.out) == stored[2:]
    assert whole.err == (
        f"durapy: older records, up to {stored[1]}, were removed, as DURAPY_KEEP_COMMANDS says\n"
    )
    assert latest.err == ""


def test_a_record_that_was_removed_is_said_to_be(cli: Cli) -> None:
    stored = [cli.append("SAY", '{"text": "hello"}').key for _ in range(3)]
    with cli.open_engine() as engine:
        engine.trim(COMMANDS, keep=1)

    removed, never, odd = cli("history", stored[0]), cli("history", "99"), cli("history", "what")

    assert {result.code for result in (removed, never, odd)} == {ExitCode.COMMAND}
    assert f"The record {stored[0]} was removed" in removed.err
    assert "No record has the key '99'" in never.err
    assert "No record has the key 'what'" in odd.err


def test_receipts_and_causes_that_were_removed_are_said_to_be(cli: Cli) -> None:
    first = cli.append("SAY", '{"text": "hello"}', sender="ada").key
    second = cli.append("REWARD", sender="valve", cause=first, n=1).key
    with cli.open_engine() as engine:
        engine.append(RECEIPTS, Receipt(key=second, service="x", outcome=Outcome.DONE).to_entry())
        engine.trim(RECEIPTS, keep=0)
        engine.trim(COMMANDS, keep=1)

    out = cli("history", second).out

    assert "receipts of that time were removed" in out
    assert "heard by nobody" not in out
    assert f"{first}  was removed, with what led to it" in out
