"""`durapy up`: the rig as local processes, as a user without Docker has it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from durapy_core.exit_codes import ExitCode
from durapy_core.settings import child_environment
from tests.support.certificates import make_certificate
from tests.support.cli import run_durapy
from tests.support.up import ROOT, Up, alive, running_up

pytestmark = pytest.mark.e2e


def records(up: Up, wire_type: str) -> list[dict[str, Any]]:
    """Return the latest records of a type, newest first."""
    found: list[dict[str, Any]] = up.call("GET", f"commands?type={wire_type}&limit=500")["records"]
    return found


def write_service(folder: Path, name: str, text: str) -> None:
    path = folder / "services" / name / "service.py"
    path.parent.mkdir(parents=True)
    (folder / "services" / "__init__.py").touch()
    path.write_text(text)


def test_a_session_runs_ctrl_c_ends_everything_and_the_history_stays(tmp_path: Path) -> None:
    with running_up(tmp_path, ping_period_s="0.2") as up:
        up.call("POST", "commands", {"type": "INITIATE_SESSION", "body": {"subject": "m1"}})
        up.wait_until(lambda: len(records(up, "PONG")) >= 3, "three pongs")
        up.call("POST", "commands", {"type": "END_SESSION", "body": {}})
        children = up.children()
        pongs = records(up, "PONG")

        began = time.monotonic()
        code = up.end()

        assert time.monotonic() - began < 10
        assert code == ExitCode.OK
        assert sorted(children) == ["pinger", "ponger", "webserver"]
        assert not any(alive(pid) for pid in children.values())
        assert all(p["body"]["input_key"][::-1] == p["body"]["output_key"] for p in pongs)

    with running_up(tmp_path) as again:
        kept = records(again, "PONG")

    assert {pong["key"] for pong in pongs} <= {pong["key"] for pong in kept}


def test_a_killed_service_comes_back_and_the_others_never_stop(tmp_path: Path) -> None:
    with running_up(tmp_path) as up:
        up.wait_until_ready()
        before = up.children()

        os.kill(before["ponger"], signal.SIGKILL)
        up.wait_for(r"WARNING  ponger crashed \(signal SIGKILL\); next start in 0.5 s")
        up.wait_until(
            lambda: up.children().get("ponger", before["ponger"]) != before["ponger"],
            "a new ponger",
        )

        after = up.children()
        assert (after["pinger"], after["webserver"]) == (before["pinger"], before["webserver"])


def test_a_restart_from_the_command_line_gives_a_new_process(tmp_path: Path) -> None:
    with running_up(tmp_path) as up:
        up.wait_until_ready()
        before = up.children()

        result = run_durapy("restart", "ponger", cwd=tmp_path, data_dir=str(tmp_path))
        console = run_durapy("restart", "webserver", cwd=tmp_path, data_dir=str(tmp_path))
        unknown = run_durapy("restart", "pongr", cwd=tmp_path, data_dir=str(tmp_path))

        assert (result.code, result.out.splitlines()[-1]) == (0, "ponger was restarted")
        assert (console.code, console.out.splitlines()[-1]) == (0, "webserver was restarted")
        assert not alive(before["ponger"])
        assert not alive(before["webserver"])
        assert unknown.code == ExitCode.DEPLOY
        assert 'did you mean "ponger"?' in unknown.err


def test_the_services_of_a_killed_supervisor_end_too(tmp_path: Path) -> None:
    with running_up(tmp_path) as up:
        up.wait_until_ready()
        children = up.children()

        up.end(signal.SIGKILL)

        up.wait_until(
            lambda: not any(alive(pid) for pid in children.values()), "the end of its children"
        )


def test_a_second_up_in_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with running_up(tmp_path) as up:
        up.wait_until_ready()

        second = Up(tmp_path)

        assert second.process.wait(timeout=30) == ExitCode.DEPLOY
        second.wait_for(rf"`durapy up` runs already in .* \(process {up.process.pid}\)")
        assert second.output.count("\n") == 1


def test_a_taken_port_ends_everything_and_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        with running_up(tmp_path, port=port) as up:
            code = up.process.wait(timeout=60)

            assert code == ExitCode.SETTINGS
            up.wait_for(rf"webserver: DURAPY_PORT={port} cannot be listened on")


def test_a_service_that_cannot_be_imported_is_loud_and_stops_nobody(tmp_path: Path) -> None:
    write_service(tmp_path, "broken", "import no_such_driver\n")
    write_service(
        tmp_path,
        "idler",
        'from durapy_core import Service\nservice = Service("idler")\n',
    )

    with running_up(tmp_path, services_dir=str(tmp_path / "services")) as up:
        up.wait_for(r"broken +\| durapy: services/broken/service.py:1: .*no_such_driver")
        up.wait_for(r"ERROR +broken KEEPS CRASHING: 3 times in a row \(exit code 4\)")
        up.wait_for(r"idler +\| .*running")
        up.wait_for("DuraPy is ready")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_ways_of_ending_are_as_clean(tmp_path: Path, number: signal.Signals) -> None:
    with running_up(tmp_path) as up:
        up.wait_until_ready()
        children = up.children()

        assert up.end(number) == ExitCode.OK
        assert not any(alive(pid) for pid in children.values())


def test_a_terminal_that_goes_away_ends_everything(tmp_path: Path) -> None:
    settings = {"DURAPY_DATA_DIR": str(tmp_path), "DURAPY_PORT": "0"}
    up = subprocess.Popen(
        [sys.executable, "-m", "durapy_core", "up"],
        cwd=ROOT,
        env=child_environment(**settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert up.stdout is not None
    while "pinger    | " not in up.stdout.readline():
        assert up.poll() is None
    shown = run_durapy("ps", "--json", cwd=tmp_path, data_dir=str(tmp_path))
    children = [status["pid"] for status in json.loads(shown.out)]

    up.stdout.close()
    os.kill(children[0], signal.SIGKILL)  # so that there is something to say

    assert up.wait(timeout=30) == ExitCode.OK
    assert not any(alive(pid) for pid in children)


def test_a_store_that_is_away_is_said_and_waited_for(tmp_path: Path, unused_redis: str) -> None:
    with running_up(tmp_path, engine=unused_redis) as up:
        up.wait_for(r"WARNING .*The services wait for it")
        up.wait_for(r"pinger +\| .*away")

        assert up.end() == ExitCode.OK


@pytest.fixture
def unused_redis() -> str:
    """The address of a Redis that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


def test_with_a_certificate_the_links_and_the_console_speak_https(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    cert, key = str(files.cert), str(files.key)

    with running_up(tmp_path, tls_cert_file=cert, tls_key_file=key) as up:
        url = up.wait_until_ready()
        link = run_durapy("link", cwd=ROOT, data_dir=str(tmp_path), tls_cert_file=cert)
        health = requests.get(f"{url}/api/v1/health", verify=str(files.ca), timeout=20)

    assert url.startswith("https://127.0.0.1:")
    assert link.out.startswith(f"{url}/login?code=")
    assert health.json()["status"] == "ok"
