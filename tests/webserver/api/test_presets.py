"""Favourites and presets over the API: the same for everybody, and bounded."""

import pytest

from tests.support.console import Console
from webserver import presets


def everything(console: Console) -> object:
    return console.api("GET", "presets").json()


def test_a_favourite_is_kept_until_it_is_removed(console: Console) -> None:
    assert everything(console) == {"favourites": [], "presets": []}

    added = console.api("PUT", "favourites/PING").json()

    assert added == {"favourites": ["PING"], "presets": []} == everything(console)
    assert console.api("DELETE", "favourites/PING").json() == {"favourites": [], "presets": []}
    assert console.api("DELETE", "favourites/PING").status_code == 200


def test_a_preset_keeps_a_body_under_a_name(console: Console) -> None:
    address = "presets/PING/Warm-up%2C%2020%20trials%20%2F%20%C3%A9"

    console.api("PUT", address, json={"body": {"key": "a1"}})
    saved = console.api("PUT", address, json={"body": {"key": "b2"}}).json()

    preset = {"type": "PING", "name": "Warm-up, 20 trials / é", "body": {"key": "b2"}}
    assert saved == {"favourites": [], "presets": [preset]} == everything(console)
    assert console.api("DELETE", address).json() == {"favourites": [], "presets": []}


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("presets/PING/%20", {"body": {}}),
        (f"presets/PING/{'x' * 61}", {"body": {}}),
        ("presets/PING/a%0Ab", {"body": {}}),
        ("presets/P%20G/a", {"body": {}}),
        ("presets/PING/a", {"body": []}),
        ("presets/PING/a", []),
        ("presets/PING/a", {"body": {"key": "x" * 70_000}}),
        ("favourites/no%20type", None),
        (f"favourites/{'X' * 65}", None),
    ],
)
def test_what_is_no_preset_is_refused_with_the_reason(
    console: Console, address: str, body: object
) -> None:
    answer = console.api("PUT", address, json=body)

    assert answer.status_code == 422
    assert answer.json()["error"]["message"]
    assert everything(console) == {"favourites": [], "presets": []}


def test_there_are_only_so_many(console: Console) -> None:
    for n in range(presets.MOST_PRESETS):
        console.engine.put(presets.PRESETS, f"PING {n}", "{}")
    for n in range(presets.MOST_FAVOURITES):
        console.engine.put(presets.FAVOURITES, f"TYPE_{n}", "")

    assert console.api("PUT", "presets/PING/one-more", json={"body": {}}).status_code == 422
    assert console.api("PUT", "presets/PING/7", json={"body": {"key": "a1"}}).status_code == 200
    assert console.api("PUT", "favourites/PING").status_code == 422
    assert console.api("PUT", "favourites/TYPE_7").status_code == 200


def test_a_line_that_is_no_preset_is_left_out(console: Console) -> None:
    console.engine.put(presets.PRESETS, "PING broken", "{")

    assert everything(console) == {"favourites": [], "presets": []}


def test_whoever_listens_is_told_of_each_change_and_of_no_refusal(console: Console) -> None:
    with console.connect() as listening, console.connect() as elsewhere:
        listening.hello("presets", "command")
        elsewhere.hello("command")

        console.api("PUT", "presets/PING/a", json={"body": []})
        console.api("PUT", "presets/PING/a", json={"body": {"key": "a1"}})
        console.api("DELETE", "favourites/PING")
        console.send()

        told = [listening.hear("event") for _ in range(3)]
        assert [(event["topic"], "data" in event) for event in told] == [
            ("presets", False),
            ("presets", False),
            ("command", True),
        ]
        assert elsewhere.hear("event")["topic"] == "command"
