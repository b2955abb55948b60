"""A socket that polls only before it receives keeps its timeouts, and sends all it is given."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from durapy_core.engines.redis_socket import make_wire


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_receive_ends_when_its_time_is_over(ends: tuple[socket.socket, socket.socket]) -> None:
    wire = make_wire(ends[0], 0.05)

    with pytest.raises(TimeoutError):
        wire.recv(10)
    with pytest.raises(TimeoutError):
        wire.recv_into(memoryview(bytearray(10)))


def test_a_send_that_nobody_takes_ends_when_its_time_is_over(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    wire = make_wire(ends[0], 0.05)

    with pytest.raises(TimeoutError):
        wire.sendall(b"x" * 50_000_000)


def test_more_than_the_buffers_hold_is_sent_whole(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    wire = make_wire(ours, 30)
    data = bytes(range(256)) * 40_000
    sender = Thread(target=wire.sendall, args=(data,))
    sender.start()

    received = bytearray()
    while len(received) < len(data):
        received += theirs.recv(1_000_000)

    sender.join()
    assert received == data


def test_the_end_of_the_other_side_is_seen(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    wire = make_wire(ours, 30)
    theirs.close()

    assert wire.recv(10) == b""
    with pytest.raises(OSError, match="pipe"):
        wire.sendall(b"x")
