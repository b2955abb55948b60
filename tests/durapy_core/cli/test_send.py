import json

import pytest

from durapy_core.exit_codes import ExitCode
from tests.support.cli import Cli


def test_send_prints_the_key_of_the_record(cli: Cli) -> None:
    result = cli("send", "REWARD", "volume_ml=0.5")

    (entry,) = cli.entries()
    assert (result.code, result.out, result.err) == (0, f"{entry.key}\n", "")
    assert (entry.type, entry.sender) == ("REWARD", "cli:ada")
    assert json.loads(entry.body or "") == {"volume_ml": 0.5}


def test_send_takes_the_whole_body_as_json(cli: Cli) -> None:
    cli("send", "REWARD", '{"volume_ml": 0.25, "note": "µ"}')

    assert json.loads(cli.entries()[0].body or "") == {"volume_ml": 0.25, "note": "µ"}


def test_send_with_json_prints_the_record(cli: Cli) -> None:
    result = cli("send", "SAY", "text=5", "--json")

    record = json.loads(result.out)
    assert record["type"] == "SAY"
    assert record["body"] == {"text": "5"}
    assert record["key"] == cli.entries()[0].key


def test_a_near_name_is_suggested_for_an_unknown_type(cli: Cli) -> None:
    result = cli("send", "REWRD")

    assert result.code == ExitCode.COMMAND
    assert result.err == 'durapy: No command is called "REWRD"; did you mean "REWARD"?\n'


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["volume_ml=7"], "volume_ml"),
        (["volume_ml=much"], "volume_ml: Must be a number"),
        (["times=1.5"], "times"),
        (["colour=red"], "colour: Unknown field"),
        (["volume_ml"], "'volume_ml' is not field=value"),
        (["times=1", "times=2"], "'times' is given twice"),
        (['{"volume_ml": '], "not JSON"),
        (['{"volume_ml": NaN}'], "NaN is not allowed"),
        (["volume_ml=NaN"], "volume_ml: Must be a number"),
        (['{"a": 1} {'], "not JSON"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_in_one_line_and_not_stored(
    cli: Cli, words: list[str], reason: str
) -> None:
    result = cli("send", "REWARD", *words)

    assert result.code == ExitCode.COMMAND
    assert reason in result.err
    assert result.err.count("\n") == 1
    assert cli.entries() == []


def test_a_missing_field_is_refused(cli: Cli) -> None:
    result = cli("send", "SAY")

    assert result.code == ExitCode.COMMAND
    assert "text" in result.err


def test_without_any_published_command_send_says_what_to_start(empty_cli: Cli) -> None:
    empty_cli.publish()

    result = empty_cli("send", "REWARD")

    assert result.code == ExitCode.COMMAND
    assert "scripts/up" in result.err
