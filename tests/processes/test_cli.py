"""The command line as a process: pipes, signals, and what a service's end looks like."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from durapy_core.exit_codes import ExitCode
from tests.support.cli import Cli, SayCommand, run_durapy, start_durapy
from tests.support.log_entries import log_lines


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line of a rig that knows SAY."""
    cli = Cli(tmp_path, monkeypatch, capsys)
    cli.publish(SayCommand)
    return cli


def test_history_follows_until_ctrl_c(cli: Cli) -> None:
    cli.append("SAY", '{"text": "before"}')
    process = start_durapy("history", "--follow", "--json", cwd=cli.folder)
    assert process.stdout is not None
    shown = [json.loads(process.stdout.readline())]

    cli.append("SAY", '{"text": "after"}')
    shown.append(json.loads(process.stdout.readline()))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert [record["body"]["text"] for record in shown] == ["before", "after"]
    assert (process.returncode, out, err) == (ExitCode.INTERRUPTED, "", "")


def test_logs_follow_until_ctrl_c(cli: Cli) -> None:
    with cli.open_engine() as engine:
        log_lines(engine, "before")
        process = start_durapy("logs", "--follow", "--json", cwd=cli.folder)
        assert process.stdout is not None
        shown = [json.loads(process.stdout.readline())]
        log_lines(engine, "after")
        shown.append(json.loads(process.stdout.readline()))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert [line["message"] for line in shown] == ["before", "after"]
    assert (process.returncode, out, err) == (ExitCode.INTERRUPTED, "", "")


def test_a_reader_that_has_gone_is_no_error_to_speak_of(cli: Cli) -> None:
    for _ in range(3):
        cli.append("SAY", json.dumps({"text": "x" * 50_000}))
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "durapy_core", "history"],
        cwd=cli.folder,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writer)

    assert done.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_running_service_ends_cleanly_on_a_signal(cli: Cli, number: signal.Signals) -> None:
    path = cli.folder / "services" / "idler" / "service.py"
    path.parent.mkdir(parents=True)
    (path.parents[1] / "__init__.py").touch()
    path.write_text('from durapy_core import Service\nservice = Service("idler")\n')
    process = start_durapy("run", "idler", cwd=cli.folder, log_format="json")
    assert process.stdout is not None
    assert "running" in process.stdout.readline()

    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (ExitCode.OK, "")
    assert "stopped" in out
    assert "idler" in run_durapy("ps", cwd=cli.folder).out


def test_debug_shows_where_an_error_came_from(cli: Cli) -> None:
    result = run_durapy("ps", cwd=cli.folder, engine="nowhere://", log_level="debug")

    assert "Traceback" in result.err
    assert result.code == ExitCode.SETTINGS
