"""`python -m webserver` as a process: what it prints, how it refuses to start, how it ends."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
import requests

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS, STATUS, Engine
from durapy_core.entry import NewEntry
from durapy_core.janitor import JANITOR
from durapy_core.login_code import mint
from durapy_core.settings import child_environment
from durapy_core.status import ServiceState, ServiceStatus
from tests.support.certificates import make_certificate
from tests.support.console import LIMIT_S, TOKEN, Console, SocketClient
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
READY = "DuraPy is ready: "


@contextmanager
def started(folder: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the web server; it is gone at the end of the `with`."""
    given = {"DATA_DIR": str(folder), "PORT": "0", "TOKEN": TOKEN, "LOG_FORMAT": "json"}
    variables = {f"DURAPY_{name}": value for name, value in {**given, **environment}.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "webserver"],
        cwd=ROOT,
        env=child_environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_link(process: "subprocess.Popen[str]") -> tuple[str, list[str]]:
    """Return the sign-in link and the lines before it."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        if line.startswith(READY):
            return line.removeprefix(READY).strip(), lines
        lines.append(line)
    raise AssertionError(f"it ended without a link:\n{''.join(lines)}")


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", Console]]:
    with started(folder, **environment) as process:
        url, _, code = read_link(process)[0].partition("/login?code=")
        with open_engine(f"sqlite:///{folder}/commands.db") as engine:
            yield process, Console(engine, url, code)


def refusal(folder: Path, **environment: str) -> tuple[int, str]:
    """Return the exit code and the last line of a start that is refused."""
    with started(folder, **environment) as process:
        output, _ = process.communicate(timeout=LIMIT_S)
    return process.returncode, output.splitlines()[-1]


def statuses(engine: Engine) -> list[ServiceStatus]:
    return [ServiceStatus.from_text(row.text) for row in engine.table(STATUS).values()]


def test_it_prints_one_link_that_signs_in_and_keeps_the_code_out_of_the_log(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as (process, console):
        browser = console.sign_in()
        home = browser.get(console.url, timeout=LIMIT_S)
        process.terminate()
        output, _ = process.communicate(timeout=LIMIT_S)

    assert home.status_code == 200
    assert console.code not in output
    assert process.returncode == 0


def test_a_link_may_be_made_by_another_process(tmp_path: Path) -> None:
    with running(tmp_path) as (_, console):
        assert Console(console.engine, console.url, mint(console.engine)).sign_in()


def test_a_signal_closes_the_sockets_and_ends_it_within_five_seconds(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with running(tmp_path) as (process, console):
            client = SocketClient(console.url, {"Authorization": f"Bearer {TOKEN}"})
            client.hello("command")
            began = monotonic()
            process.send_signal(number)
            code = client.hear_end()
            process.communicate(timeout=LIMIT_S)
            took_s = monotonic() - began
            client.close()
            (status,) = statuses(console.engine)

        assert (code, process.returncode) == (1001, 0)
        assert took_s < 5
        assert status.state is ServiceState.STOPPED


def test_a_taken_port_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = refusal(tmp_path, PORT=str(port))

    assert code == 3
    assert line == (
        f"webserver: DURAPY_PORT={port} cannot be listened on: it is taken by another program; "
        "stop that one or set another DURAPY_PORT."
    )


def test_an_address_of_another_computer_is_refused(tmp_path: Path) -> None:
    code, line = refusal(tmp_path, HOST="192.0.2.1")

    assert code == 3
    assert line.startswith("webserver: DURAPY_HOST=192.0.2.1 cannot be listened on")


def test_a_data_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    code, line = refusal(tmp_path / "file" / "data")

    assert code == 3
    assert "cannot be written" in line
    assert "DURAPY_DATA_DIR" in line


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ENGINE", "reddis://x", 'did you mean "redis"'),
        ("PORT", "many", "DURAPY_PORT=many is not usable"),
        ("TOKEN_FILE", "/nothing/there", "DURAPY_TOKEN_FILE=/nothing/there cannot be read"),
    ],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, variable: str, value: str, words: str) -> None:
    code, line = refusal(tmp_path, **{variable: value})

    assert code == 3
    assert words in line


def test_a_store_that_is_not_there_is_waited_for_and_said_and_a_signal_ends_the_wait(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with started(tmp_path, ENGINE=f"redis://127.0.0.1:{port}/0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        process.communicate(timeout=LIMIT_S)

    assert str(port) in line
    assert process.returncode == 0


@pytest.mark.redis
def test_a_redis_that_comes_up_late_is_waited_for(tmp_path: Path) -> None:
    with RedisServer() as server:
        server.kill()
        with started(tmp_path, ENGINE=server.tcp_url) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            server.start()
            link, _ = read_link(process)
            health = requests.get(link.partition("/login")[0] + "/api/v1/health", timeout=LIMIT_S)
            process.terminate()
            process.communicate(timeout=LIMIT_S)

    assert str(server.port) in first
    assert health.json()["engine"] == "ok"
    assert process.returncode == 0


def test_a_running_console_removes_what_exceeds_its_settings(tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{tmp_path}/commands.db") as engine:
        engine.append_many(COMMANDS, [NewEntry(type="PING", body="{}")] * 10)

        with started(tmp_path, KEEP_COMMANDS="3") as process:
            _, lines = read_link(process)
            wait_for(lambda: len(engine.page(COMMANDS)) == 3, "the log to be short")
            process.terminate()
            output, _ = process.communicate(timeout=LIMIT_S)

        assert "removed the 7 oldest entries of the log commands" in "".join([*lines, output])
        lead = engine.lead(JANITOR, lease_s=1)
        assert lead is not None
        assert lead.tenure.clean


def test_it_serves_only_this_computer_unless_told_otherwise(tmp_path: Path) -> None:
    with running(tmp_path) as (_, console):
        assert console.url.startswith("http://127.0.0.1:")
        port = console.url.rpartition(":")[2]
        other = socket.gethostbyname(socket.gethostname())
        if not other.startswith("127."):
            with pytest.raises(requests.ConnectionError):
                requests.get(f"http://{other}:{port}/login", timeout=LIMIT_S)


def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, lasts=timedelta(days=-1))

    given = {"TLS_CERT_FILE": str(files.cert), "TLS_KEY_FILE": str(files.key)}
    code, line = refusal(tmp_path, **given)

    assert code == 3
    assert line == (
        f"webserver: DURAPY_TLS_CERT_FILE={files.cert} is not valid: certificate has expired."
    )
