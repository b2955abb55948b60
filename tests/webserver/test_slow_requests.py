"""Requests that never end, and more connections than are good: nobody else is kept waiting."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import requests

from durapy_core.engines.memory import MemoryEngine
from durapy_core.settings import Settings, load_settings
from tests.support.checkout import ROOT
from tests.support.console import LIMIT_S, TOKEN, Console
from tests.support.log_lines import logged
from tests.support.waiting import wait_for
from webserver.app import make_app
from webserver.door import open_door
from webserver.limits import MAX_REQUEST_BYTES
from webserver.listening import BoundedServer
from webserver.proxies import Proxies

NEVER_ENDING = {
    "nothing": b"",
    "headers": b"GET /login HTTP/1.1\r\nHost: rig\r\nX-Slow: 1\r\n",
    "a body": b"POST /login HTTP/1.1\r\nHost: rig\r\nContent-Length: 1000\r\n\r\n_xsrf=",
    "a piece of a body": (
        b"POST /login HTTP/1.1\r\nHost: rig\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab"
    ),
}


@contextmanager
def serving(engine: MemoryEngine, folder: Path, **limits: Any) -> Iterator[int]:
    """Give the port of a console with other limits than usual."""
    settings = load_settings(Settings, port=0, token=TOKEN, data_dir=folder)
    door = open_door(settings)
    ready, stop = Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        app = make_app(settings, engine)
        server = BoundedServer(app, **limits)
        app.start()
        server.add_sockets(door.sockets)
        ready.set()
        await stop.wait()
        server.stop()
        await app.close()
        await server.close_all_connections()

    thread = Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(LIMIT_S)
    try:
        yield door.port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(LIMIT_S)
        loop.close()


def connect(port: int, said: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
    connection.sendall(said)
    return connection


def is_closed(connection: socket.socket) -> bool:
    """Wait for the server's end of a connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def is_well(port: int) -> bool:
    """Return whether the console answers over a new connection."""
    url = f"http://127.0.0.1:{port}/api/v1/health"
    try:
        return requests.get(url, timeout=LIMIT_S, headers={"Connection": "close"}).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("said", NEVER_ENDING.values(), ids=NEVER_ENDING.keys())
def test_a_request_that_never_ends_is_given_up(
    engine: MemoryEngine, tmp_path: Path, said: bytes
) -> None:
    with serving(engine, tmp_path, headers_s=1.0, body_s=1.0) as port:
        with connect(port, said) as slow:
            assert is_well(port)
            assert is_closed(slow)
        assert is_well(port)


def test_one_address_does_not_take_all_connections_and_it_is_said(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with serving(engine, tmp_path, most=40) as port, logged() as lines:
        held = [connect(port) for _ in range(10)]
        more = [connect(port) for _ in range(30)]
        assert all(is_closed(connection) for connection in more)

        for connection in held:
            connection.close()
        wait_for(lambda: is_well(port), "the connections to be forgotten")
        answers = [is_well(port) for _ in range(20)]  # each over a connection of its own

    said = [line["message"] for line in lines if "is refused" in line["message"]]
    assert all(answers)
    assert said == ["127.0.0.1 is refused: 10 connections from there are open, 10 in all"]


def test_a_trusted_proxy_may_have_more_than_its_part(engine: MemoryEngine, tmp_path: Path) -> None:
    proxies = Proxies([ip_network("127.0.0.1/32")])
    with serving(engine, tmp_path, most=40, proxies=proxies) as port, logged() as lines:
        held = [connect(port) for _ in range(30)]  # of one address: three quarters
        assert is_well(port)

        for connection in held:
            connection.close()
    assert not [line for line in lines if "is refused" in line["message"]]


def test_a_process_that_may_open_few_files_holds_few_connections() -> None:
    ask = "from webserver.listening import most_connections as most; print(most())"
    shell = 'ulimit -n 128 && exec "$0" -c "$1"'
    command = ["sh", "-c", shell, sys.executable, ask]

    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout

    assert printed == "64\n"


def test_a_message_that_is_too_large_ends_its_own_socket_alone(console: Console) -> None:
    with console.connect() as large, console.connect() as other:
        other.hello("command")
        large.say_text("x" * (MAX_REQUEST_BYTES + 1))

        large.hear_end()  # with 1009, unless it is cut off while it still sends
        assert console.send("a1").status_code == 201
        assert other.commands(1)[0]["body"]["key"] == "a1"
    assert console.stored() == 1
