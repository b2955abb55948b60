"""Every way of being set up wrongly ends with one line that says what to do."""

import socket
import time
from pathlib import Path

import pytest

from durapy_core.exit_codes import ExitCode
from tests.support.cli import Cli, run_durapy


def write_service(folder: Path, name: str, text: str) -> None:
    path = folder / "services" / name / "service.py"
    path.parent.mkdir(parents=True)
    (path.parents[1] / "__init__.py").touch()
    path.write_text(text)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("verb", ["ps", "types", "history", "link", "up"])
def test_an_unknown_engine_is_one_line(cli: Cli, verb: str) -> None:
    result = cli(verb, engine="rediss3://localhost")

    assert result.code == ExitCode.SETTINGS
    assert result.err == (
        'durapy: DURAPY_ENGINE=rediss3://localhost: no engine is called "rediss3"; '
        'did you mean "rediss"?\n'
    )


def test_an_unreachable_store_is_one_line_within_5_seconds(cli: Cli) -> None:
    began = time.monotonic()

    result = cli("ps", engine=f"redis://127.0.0.1:{closed_port()}/0")

    assert time.monotonic() - began < 5
    assert result.code == ExitCode.UNAVAILABLE
    assert "Is the rig running?" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["ps", "up"])
def test_a_store_inside_another_process_is_refused(cli: Cli, verb: str) -> None:
    result = cli(verb, engine="memory://")

    assert result.code == ExitCode.SETTINGS
    assert "lives inside one process" in result.err


def test_where_no_rig_has_run_the_missing_folder_is_named(empty_cli: Cli) -> None:
    result = empty_cli("ps")

    assert result.code == ExitCode.SETTINGS
    assert str(empty_cli.folder / ".durapy") in result.err


@pytest.mark.parametrize("verb", [["up"], ["run", "reward"]])
def test_a_data_folder_that_cannot_be_made_is_one_line(empty_cli: Cli, verb: list[str]) -> None:
    write_service(empty_cli.folder, "reward", SERVICE)
    (empty_cli.folder / "file").touch()

    result = run_durapy(*verb, cwd=empty_cli.folder, data_dir="file/data")

    assert result.code == ExitCode.SETTINGS
    assert "The data folder file/data cannot be written" in result.err
    assert result.err.count("\n") == 1


SERVICE = 'from durapy_core import Service\nservice = Service("reward")\n'


def test_an_unknown_service_is_one_line_with_a_near_name(empty_cli: Cli) -> None:
    write_service(empty_cli.folder, "reward", SERVICE)

    result = run_durapy("run", "rewards", cwd=empty_cli.folder)

    assert result.code == ExitCode.SERVICE
    assert 'did you mean "reward"?' in result.err
    assert result.err.count("\n") == 1


def test_a_service_that_fails_at_import_is_one_line_with_the_place(empty_cli: Cli) -> None:
    write_service(empty_cli.folder, "broken", "import no_such_camera_driver\n")

    result = run_durapy("run", "broken", cwd=empty_cli.folder)

    assert result.code == ExitCode.SERVICE
    assert "services/broken/service.py:1" in result.err
    assert "no_such_camera_driver" in result.err
    assert result.err.count("\n") == 1


def test_a_malformed_setting_names_the_variable(cli: Cli) -> None:
    result = cli("ps", port="eighty")

    assert result.code == ExitCode.SETTINGS
    assert "DURAPY_PORT=eighty" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["pss"], ["ps", "--nope"], ["send"], ["history", "--limit=x"]]
)
def test_a_wrong_call_shows_the_usage(cli: Cli, arguments: list[str]) -> None:
    result = cli(*arguments)

    assert result.code == ExitCode.USAGE
    assert "Usage: durapy" in result.err


def test_every_verb_has_help(cli: Cli) -> None:
    verbs = ["up", "run", "send", "history", "ps", "types", "restart", "link", "version"]

    assert all(cli(verb, "--help").code == 0 for verb in verbs)
    assert all(f"  {verb} " in cli("--help").out for verb in verbs)
