"""Commands over the API: sending, checking, paging, looking one up."""

import json

import pytest

from durapy_core.engines.base import COMMANDS, RECEIPTS
from durapy_core.entry import NewEntry
from durapy_core.receipt import Outcome, Receipt
from tests.support.console import Console


def test_a_command_is_stored_and_answered_with_its_record(console: Console) -> None:
    answer = console.send("a1")

    record = answer.json()
    assert answer.status_code == 201
    assert record["type"] == "PING"
    assert record["body"] == {"key": "a1"}
    assert record["sender"] == "webserver:api"
    assert record["sent_at"].endswith("Z")
    stored = console.api("GET", f"commands/{record['key']}").json()
    assert stored == {**record, "receipts": [], "receipts_removed": False, "effects": []}
    assert answer.headers["Location"] == f"/api/v1/commands/{record['key']}"


def test_a_dry_run_says_whether_it_would_do_and_stores_nothing(console: Console) -> None:
    good = console.send("a1", params={"dry_run": "1"})
    bad = console.send("a", params={"dry_run": "1"})

    assert (good.status_code, good.json()) == (200, {"valid": True})
    assert bad.status_code == 422
    assert bad.json()["error"]["errors"] == [
        {"loc": ["key"], "msg": "Too short: at least 2 characters"}
    ]
    assert console.stored() == 0


def test_the_same_idempotency_key_stores_a_command_once(console: Console) -> None:
    headers = {"Idempotency-Key": "k-1"}

    first = console.send("a1", headers=headers)
    again = console.send("a1", headers=headers)
    other = console.send("b2", headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert console.stored() == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_an_idempotency_key_that_is_none_is_refused(console: Console, key: str) -> None:
    assert console.send("a1", headers={"Idempotency-Key": key}).status_code == 400
    assert console.stored() == 0


def test_a_record_tells_who_heard_it_and_what_was_sent_because_of_it(console: Console) -> None:
    key = console.append('{"key": "a1"}').key
    effect = console.engine.append(
        COMMANDS, NewEntry(type="PONG", body="{}", sender="ponger", cause=key, n=1)
    )
    receipt = Receipt(key=key, service="ponger", outcome=Outcome.FAILED, text="why", wait_s=0.1)
    console.engine.append(RECEIPTS, receipt.to_entry())

    record = console.api("GET", f"commands/{key}").json()

    assert record["effects"] == [effect.key]
    assert record["receipts"] == [receipt.model_dump(mode="json")]
    assert record["body"] == {"key": "a1"}


def test_the_tree_of_a_record_has_what_led_to_it_and_what_followed(console: Console) -> None:
    def sent(wire_type: str, cause: str | None, n: int | None = None) -> str:
        entry = NewEntry(type=wire_type, body="{}", sender="ponger", cause=cause, n=n)
        return console.engine.append(COMMANDS, entry).key

    first = sent("FIRST", None)
    key = sent("PING", first, 1)
    one, two = sent("ONE", key, 1), sent("TWO", key, 2)
    below = sent("BELOW", one)
    sent("OTHER", first, 2)

    tree = console.api("GET", f"commands/{key}/tree").json()

    assert [(r["depth"], r["key"]) for r in tree["records"]] == [
        (-1, first),
        (0, key),
        (1, one),
        (2, below),
        (1, two),
    ]
    assert tree["records"][2]["type"] == "ONE"
    assert (tree["records"][2]["sender"], tree["records"][2]["n"]) == ("ponger", 1)
    assert tree["more"] is False
    assert console.api("GET", "commands/none/tree").status_code == 404


def test_a_tree_that_is_too_large_says_that_more_followed(console: Console) -> None:
    key = console.append('{"key": "a1"}').key
    for _ in range(70):
        console.engine.append(COMMANDS, NewEntry(type="ONE", body="{}", cause=key))

    tree = console.api("GET", f"commands/{key}/tree").json()

    assert len(tree["records"]) == 61
    assert tree["more"] is True


def test_pages_of_any_size_give_the_history_newest_first(console: Console) -> None:
    for number in range(23):
        console.append(json.dumps({"key": f"k{number}"}))

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = console.api("GET", "commands", params={"limit": 5, "before": cursor}).json()
        seen += [record["body"]["key"] for record in page["records"]]
        cursor = page["before"]

    assert seen == [f"k{number}" for number in reversed(range(23))]


def test_a_page_that_ends_with_the_first_record_says_that_nothing_is_older(
    console: Console,
) -> None:
    for _ in range(5):
        console.append("{}")

    assert console.api("GET", "commands", params={"limit": 5}).json()["before"] is None
    assert console.api("GET", "commands", params={"limit": 4}).json()["before"] is not None


def test_the_first_page_of_a_trimmed_history_says_what_was_removed(console: Console) -> None:
    stored = [console.append("{}") for _ in range(5)]
    whole = console.api("GET", "commands").json()
    console.engine.trim(COMMANDS, keep=3)

    oldest = console.api("GET", "commands").json()
    latest = console.api("GET", "commands", params={"limit": 2}).json()
    gone = console.api("GET", f"commands/{stored[1].key}")

    assert whole["removed_to"] is None
    assert (oldest["before"], oldest["removed_to"]) == (None, stored[1].key)
    assert (latest["before"], latest["removed_to"]) == (stored[3].key, None)
    assert gone.status_code == 404
    assert "was removed" in gone.json()["error"]["message"]


def test_receipts_that_are_no_longer_kept_are_not_taken_for_none(console: Console) -> None:
    key = console.append("{}").key
    receipt = Receipt(key=key, service="ponger", outcome=Outcome.DONE)
    console.engine.append(RECEIPTS, receipt.to_entry())
    console.engine.trim(RECEIPTS, keep=0)

    record = console.api("GET", f"commands/{key}").json()

    assert (record["receipts"], record["receipts_removed"]) == ([], True)


def test_paging_is_stable_while_commands_arrive(console: Console) -> None:
    for number in range(6):
        console.append(json.dumps({"key": f"k{number}"}))

    first = console.api("GET", "commands", params={"limit": 3}).json()
    console.append('{"key": "new"}')
    second = console.api("GET", "commands", params={"limit": 3, "before": first["before"]}).json()

    assert [r["body"]["key"] for r in second["records"]] == ["k2", "k1", "k0"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"type": "PONG"}, ["o1"]),
        ({"sender": "pinger"}, ["p2", "p1"]),
        ({"text": "STRASSE"}, ["p2"]),
        ({"text": "p", "type": "PING"}, ["p2", "p1"]),
        ({"type": "NOTHING"}, []),
    ],
)
def test_the_history_is_filtered(
    console: Console, params: dict[str, str], expected: list[str]
) -> None:
    console.append('{"key": "p1"}', sender="pinger")
    console.append('{"key": "o1"}', wire_type="PONG", sender="ponger")
    console.append('{"key": "p2", "note": "Stra\u00dfe"}', sender="pinger")

    page = console.api("GET", "commands", params=params).json()

    assert [record["body"]["key"] for record in page["records"]] == expected


def test_a_filter_looks_at_a_bounded_part_and_says_where_to_go_on(console: Console) -> None:
    console.append('{"key": "needle"}')
    hay = [NewEntry(type="PING", body='{"key": "hay"}')] * 6_000
    console.engine.append_many(COMMANDS, hay)

    first = console.api("GET", "commands", params={"text": "needle"}).json()
    second = console.api(
        "GET", "commands", params={"text": "needle", "before": first["before"]}
    ).json()

    assert first["records"] == []
    assert [r["body"]["key"] for r in second["records"]] == ["needle"]
    assert second["before"] is None


def test_a_page_of_large_records_is_cut_short_and_says_where_to_go_on(console: Console) -> None:
    for number in range(6):
        console.append(json.dumps({"key": f"{number}" + "x" * 7_000_000}))

    seen: list[str] = []
    cursor, sizes = "", []
    while cursor is not None:
        page = console.api("GET", "commands", params={"limit": 50, "before": cursor}).json()
        seen += [record["body"]["key"][0] for record in page["records"]]
        sizes.append(len(page["records"]))
        cursor = page["before"]

    assert seen == list("543210")
    assert max(sizes) == 3


@pytest.mark.parametrize(
    "params",
    [{"limit": "0"}, {"limit": "501"}, {"limit": "many"}, {"limit": "²"}, {"before": "nonsense"}],
)
def test_an_argument_that_is_not_usable_is_refused(
    console: Console, params: dict[str, str]
) -> None:
    answer = console.api("GET", "commands", params=params)

    assert answer.status_code == 400
    assert next(iter(params)) in answer.json()["error"]["message"]


def test_an_argument_that_is_given_twice_is_refused(console: Console) -> None:
    answer = console.api("GET", "commands?type=PING&type=PONG")

    assert answer.status_code == 400
    assert "give it once, not 2 times" in answer.json()["error"]["message"]


@pytest.mark.parametrize("key", ["999", "nonsense", "%00", "1-1", "9" * 400])
def test_a_record_that_is_not_there_is_not_found(console: Console, key: str) -> None:
    answer = console.api("GET", f"commands/{key}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("body", ["no JSON", "[1]", '{"key": 1e999}', '{"key": NaN}', "[" * 9999])
def test_a_record_that_cannot_be_read_is_shown_as_it_is_with_the_reason(
    console: Console, body: str
) -> None:
    entry = console.append(body)

    record = console.api("GET", f"commands/{entry.key}").json()

    assert (record["body"], record["raw"]) == (None, body)
    assert record["problem"]


def test_a_record_that_does_not_fit_its_schema_says_where(console: Console) -> None:
    entry = console.append('{"key": "a", "extra": 1}')

    record = console.api("GET", f"commands/{entry.key}").json()

    assert "key: Too short" in record["problem"]
    assert "extra: Unknown field" in record["problem"]


def test_markup_and_long_values_come_back_as_data(console: Console) -> None:
    evil = "<script>alert(1)</script>" + "x" * 10_000 + "\u2028\u0000é😀"

    record = console.send(evil).json()

    answer = console.api("GET", f"commands/{record['key']}")
    assert answer.json()["body"]["key"] == evil
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_history_shows_only_what_has_a_problem_if_asked(console: Console) -> None:
    console.append('{"key": "a1"}')
    console.append("{}")
    console.append("not JSON")
    console.append("{}", wire_type="NOBODY_KNOWS")

    def listed(flag: str) -> list[str | None]:
        records = console.api("GET", "commands", params={"problem": flag}).json()["records"]
        return [record["raw"] for record in records]

    assert listed("0") == ["{}", "not JSON", "{}", None]
    assert listed("1") == ["{}", "not JSON", "{}"]
    assert console.api("GET", "commands", params={"problem": "maybe"}).status_code == 400
