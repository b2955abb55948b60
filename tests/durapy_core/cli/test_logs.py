import json

import pytest

from durapy_core.exit_codes import ExitCode
from tests.support.cli import Cli
from tests.support.log_entries import log_lines


@pytest.fixture
def logged(cli: Cli) -> Cli:
    with cli.open_engine() as engine:
        log_lines(engine, "frame 1", service="camera", fields={"gain": 2.5})
        log_lines(engine, "late", service="camera", level="WARNING", record="7")
        log_lines(engine, "broken", level="ERROR", exception="Trace\nValueError: Needle")
    return cli


def messages(out: str) -> list[str]:
    return [json.loads(line)["message"] for line in out.splitlines()]


def test_logs_are_shown_oldest_first_with_fields_and_traceback(logged: Cli) -> None:
    rows = logged("logs").out.splitlines()

    assert "INFO     camera           frame 1  gain=2.5" in rows[0]
    assert "late  key=7" in rows[1]
    assert rows[3:] == ["    Trace", "    ValueError: Needle"]


def test_options_narrow_the_logs_down(logged: Cli) -> None:
    def shown(*options: str) -> list[str]:
        return messages(logged("logs", "--json", *options).out)

    assert shown() == ["frame 1", "late", "broken"]
    assert shown("--limit", "1") == ["broken"]
    assert shown("--level", "warning") == ["late", "broken"]
    assert shown("--service", "camera", "--service", "nobody") == ["frame 1", "late"]
    assert shown("--grep", "NEEDLE") == ["broken"]
    assert shown("--since", "2h") == ["frame 1", "late", "broken"]
    assert shown("--since", "2001-01-01") == ["frame 1", "late", "broken"]
    assert shown("--since", "2999-01-01T00:00:00Z") == []


@pytest.mark.parametrize("option", [("--since", "yesterday"), ("--level", "loud")])
def test_what_cannot_be_used_is_refused_in_one_line(logged: Cli, option: tuple[str, str]) -> None:
    result = logged("logs", *option)

    assert result.code == ExitCode.USAGE
    assert option[1] in result.err


def test_no_line_of_a_log_commands_the_terminal(cli: Cli) -> None:
    with cli.open_engine() as engine:
        log_lines(engine, "evil\x1b[2J\nforged", service="\x1b]0;x\x07", exception="\x1b[31m")

    out = cli("logs").out

    assert "\x1b" not in out
    assert len(out.splitlines()) == 2
