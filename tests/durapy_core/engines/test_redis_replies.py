"""Replies are read rightly however the network cuts them."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import exceptions

from durapy_core.engines.redis_replies import Replies

VALUES = st.recursive(
    st.none() | st.integers(-(2**63), 2**63) | st.binary(max_size=80) | st.just(b"\r\n$3\r\n"),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=30,
)


class _Connection:
    socket_timeout = 5.0

    def __init__(self, sock: object) -> None:
        self._sock = sock


@pytest.fixture
def ends() -> Iterator[tuple[Replies, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    replies = Replies()
    replies.on_connect(_Connection(ours))
    with ours, theirs:
        yield replies, theirs


@given(values=st.lists(VALUES, min_size=1, max_size=4), data=st.data())
@settings(max_examples=150, deadline=None)
def test_replies_are_the_same_however_they_are_cut(
    values: list[object], data: st.DataObject
) -> None:
    packed = b"".join(map(_pack, values))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(packed)), max_size=8)))
    pieces = [packed[a:b] for a, b in zip([0, *cuts], [*cuts, len(packed)], strict=True) if a < b]
    replies = Replies()
    replies.wire = _Pieces(pieces)

    assert [replies.read() for _ in values] == values


@pytest.mark.parametrize("length", [0, 1, 65_535, 65_536, 65_537, 3_000_000])
def test_texts_of_any_length_come_through(ends: tuple[Replies, socket.socket], length: int) -> None:
    replies, server = ends
    texts = [b"x" * length, b"y", b"z" * length]
    sender = Thread(target=server.sendall, args=(_pack(texts) + _pack(texts[0]) + _pack(7),))
    sender.start()

    assert replies.read() == texts
    assert replies.read() == texts[0]
    assert replies.read() == 7
    sender.join()


def test_an_error_reply_is_returned_and_the_next_one_follows(
    ends: tuple[Replies, socket.socket],
) -> None:
    replies, server = ends
    server.sendall(b"-OOM no memory\r\n+OK\r\n*2\r\n-ERR inner\r\n:1\r\n")

    error = replies.read()

    assert isinstance(error, exceptions.OutOfMemoryError)
    assert replies.read() == b"OK"
    inner, number = replies.read()
    assert isinstance(inner, exceptions.ResponseError)
    assert number == 1


def test_a_server_that_loads_its_data_counts_as_away(ends: tuple[Replies, socket.socket]) -> None:
    replies, server = ends
    server.sendall(b"-LOADING Redis is loading the dataset in memory\r\n")

    with pytest.raises(exceptions.BusyLoadingError):
        replies.read()


@pytest.mark.parametrize("part", [b"", b"$5\r\nab", b"*2\r\n:1\r\n", b"$100000\r\nab", b":1"])
def test_a_reply_that_breaks_off_is_a_lost_connection(
    ends: tuple[Replies, socket.socket], part: bytes
) -> None:
    replies, server = ends
    server.sendall(part)
    server.close()

    with pytest.raises(exceptions.ConnectionError, match="closed"):
        replies.read()


def test_what_is_no_reply_is_refused(ends: tuple[Replies, socket.socket]) -> None:
    replies, server = ends
    server.sendall(b"HTTP/1.1 400 Bad Request\r\n")

    with pytest.raises(exceptions.InvalidResponse, match="HTTP"):
        replies.read()


class _Pieces:
    """A wire that hands out given pieces, one for each `recv` at most."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def recv(self, size: int, /) -> bytes:
        piece, self._pieces = self._pieces[0], self._pieces[1:]
        assert len(piece) <= size
        return piece

    def recv_into(self, buffer: memoryview, /) -> int:
        raise NotImplementedError  # for texts longer than are drawn here

    def sendall(self, data: bytes, /) -> None:
        raise NotImplementedError


def _pack(value: object) -> bytes:
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    assert isinstance(value, list)
    return b"*%d\r\n%b" % (len(value), b"".join(map(_pack, value)))
