"""The rivals: the same roles on redis-py, by hand, with nothing that keeps a promise.

`connection` is redis-py's bare `Connection`, `client` is `redis.Redis`. Both write the fields that
DuraPy writes, into a stream of their own, and dispatch by type; they keep no cursor, give no
receipt, and end at the first error. Sole importer of redis-py in this package.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

from redis import ConnectionPool, Redis, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from durapy_core.bench.roles import UP, Pinger, Receiver, paced
from durapy_core.errors import EngineError, EngineUnavailableError

Heard = Callable[[bytes, bytes], None]
"""Is called with the key and the body of an entry."""

_BLOCK_MS: Final = 500
_LIMIT: Final = 128
_SCAN: Final = 1000


class Wire(ABC):
    """One way of redis-py to write to a stream and to read from it."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.cursor: Any = "0-0"
        self.seq = 0

    @abstractmethod
    def send(self, wire_type: str, bodies: Sequence[str], cause: bytes, first: int) -> None:
        """Append entries, all at once, numbered from `first`."""

    @abstractmethod
    def read(self) -> list[tuple[bytes, bytes, bytes]]:
        """Wait for the next entries; return the key, type and body of each."""

    def fields(self, wire_type: str, body: str, cause: bytes, n: int) -> tuple[str | bytes, ...]:
        """Return the fields that DuraPy writes, in its order."""
        self.seq += 1
        named = ("type", wire_type, "body", body, "id", f"0123456789ab/{self.seq}")
        return (*named, "sender", "bench_rival", "cause", cause, "n", str(n))


class ConnectionWire(Wire):
    """Two of redis-py's connections: one sends, one reads."""

    def __init__(self, url: str, password: str | None, stream: str) -> None:
        super().__init__(stream)
        pool = _pool(url, password)
        self._sending, self._reading = pool.make_connection(), pool.make_connection()

    def send(self, wire_type: str, bodies: Sequence[str], cause: bytes, first: int) -> None:
        """Append entries, all at once, numbered from `first`."""
        packed: list[Any] = []
        for n, body in enumerate(bodies, first):
            fields = self.fields(wire_type, body, cause, n)
            packed += self._sending.pack_command("XADD", self.stream, "*", *fields)
        self._sending.send_packed_command(packed, check_health=False)
        for _ in bodies:
            self._sending.read_response(disable_decoding=True)

    def read(self) -> list[tuple[bytes, bytes, bytes]]:
        """Wait for the next entries; return the key, type and body of each."""
        block = ("COUNT", _LIMIT, "BLOCK", _BLOCK_MS)
        packed = self._reading.pack_command("XREAD", *block, "STREAMS", self.stream, self.cursor)
        self._reading.send_packed_command(packed, check_health=False)
        found = self._reading.read_response(disable_decoding=True)
        if not found:
            return []
        entries = found[0][1]
        self.cursor = entries[-1][0]
        return [(key, fields[1], fields[3]) for key, fields in entries]


class ClientWire(Wire):
    """redis-py's client, as most programs use it."""

    def __init__(self, url: str, password: str | None, stream: str) -> None:
        super().__init__(stream)
        self._client: Any = Redis(connection_pool=_pool(url, password))

    def send(self, wire_type: str, bodies: Sequence[str], cause: bytes, first: int) -> None:
        """Append entries, all at once, numbered from `first`."""
        target = self._client if len(bodies) == 1 else self._client.pipeline(transaction=False)
        for n, body in enumerate(bodies, first):
            values = iter(self.fields(wire_type, body, cause, n))
            target.xadd(self.stream, dict(zip(values, values, strict=True)))
        if target is not self._client:
            target.execute()

    def read(self) -> list[tuple[bytes, bytes, bytes]]:
        """Wait for the next entries; return the key, type and body of each."""
        found = self._client.xread({self.stream: self.cursor}, count=_LIMIT, block=_BLOCK_MS)
        if not found:
            return []
        entries = found[0][1]
        self.cursor = entries[-1][0]
        return [(key, fields[b"type"], fields[b"body"]) for key, fields in entries]


WIRES: Final[dict[str, Callable[[str, str | None, str], Wire]]] = {
    "connection": ConnectionWire,
    "client": ClientWire,
}


def run_rival(kind: str, role: str, tell: Pipe, where: tuple[str, str | None, str]) -> None:
    """Play a role for ever; `where` is the URL, the password and the stream."""
    wire = WIRES[kind](*where)
    heard = _ROLES[role](wire, tell)
    tell.send(UP)
    while True:
        for key, wire_type, body in wire.read():
            act = heard.get(wire_type)
            if act is not None:
                act(key, body)


class Keeper:
    """The connection of whoever arranges the measurement: begins turns, trims, cleans up.

    Every method raises EngineUnavailableError when the server does not answer, and EngineError when
    it refuses: the measurement needs a user who may also do INFO, CONFIG GET, SCAN and UNLINK.
    """

    def __init__(self, url: str, password: str | None, *, name: str) -> None:
        self._client: Any = Redis(connection_pool=_pool(url, password))
        self._name = name

    def append(self, stream: str, wire_type: str, body: str) -> None:
        """Append an entry, as a foreign program does."""
        with self._explained():
            self._client.xadd(stream, {"type": wire_type, "body": body})

    def trim(self, stream: str, keep: int) -> None:
        """Leave the newest entries, so many."""
        with self._explained():
            self._client.xtrim(stream, maxlen=keep, approximate=False)

    def cpu_s(self) -> float:
        """Return the CPU time that the server has used, in seconds."""
        with self._explained():
            found = self._client.info("cpu")
        return float(found["used_cpu_user"] + found["used_cpu_sys"])

    def describe(self) -> dict[str, str]:
        """Return the server's version, and how it keeps what it is sent."""
        with self._explained():
            server, kept = self._client.info("server"), self._client.info("persistence")
            aof = "off"
            if kept["aof_enabled"]:
                aof = self._client.config_get("appendfsync").get("appendfsync", "on")
        return {"redis": server["redis_version"], "appendfsync": aof}

    def remove(self, prefix: str) -> None:
        """Remove every key that begins so."""
        with self._explained():
            found = self._client.scan_iter(match=f"{prefix}*", count=_SCAN)
            for key in (prefix, *found):  # one at least, so that a missing right shows at once
                self._client.unlink(key)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (RedisConnectionError, RedisTimeoutError) as error:
            raise EngineUnavailableError(f"{self._name} does not answer: {error}") from error
        except RedisError as error:
            raise EngineError(
                f"{self._name} refuses what the measurement needs; give --engine a user who may do "
                f"all: {error}"
            ) from error


def _pool(url: str, password: str | None) -> Any:
    given = {"protocol": 2} if password is None else {"protocol": 2, "password": password}
    pool: Any = ConnectionPool
    return pool.from_url(url, **given)


def _pinger(wire: Wire, tell: Pipe) -> dict[bytes, Heard]:
    pinger = Pinger(tell)

    def go(key: bytes, body: bytes) -> None:
        wire.send("BENCH_PING", [f'{{"key":"{pinger.begin(json.loads(body)["count"])}"}}'], key, 1)

    def again(key: bytes, body: bytes) -> None:
        ping = pinger.next()
        if ping is not None:
            wire.send("BENCH_PING", [f'{{"key":"{ping}"}}'], key, 1)

    return {b"BENCH_GO": go, b"BENCH_PONG": again}


def _ponger(wire: Wire, tell: Pipe) -> dict[bytes, Heard]:
    def answer(key: bytes, body: bytes) -> None:
        wire.send("BENCH_PONG", ['{"input_key":"k-100","output_key":"001-k"}'], key, 1)

    return {b"BENCH_PING": answer}


def _sender(wire: Wire, tell: Pipe) -> dict[bytes, Heard]:
    def go(key: bytes, body: bytes) -> None:
        asked, first = json.loads(body), 1
        text = "x" * asked["size_bytes"]
        for numbers in paced(asked["count"], asked["batch"], asked["every_s"]):
            now_s = time.perf_counter()
            bodies = [f'{{"sent_s":{now_s!r},"left":{n},"text":"{text}"}}' for n in numbers]
            wire.send("BENCH_DATA", bodies, key, first)
            first += len(bodies)

    return {b"BENCH_GO": go}


def _receiver(wire: Wire, tell: Pipe) -> dict[bytes, Heard]:
    receiver = Receiver(tell)

    def take(key: bytes, body: bytes) -> None:
        sent, left, _ = body.split(b",", 2)  # not parsed: a bare client need not look further
        receiver.take(float(sent[10:]), int(left[7:]))

    return {b"BENCH_DATA": take}


_ROLES: Final[dict[str, Callable[[Wire, Pipe], dict[bytes, Heard]]]] = {
    "pinger": _pinger,
    "ponger": _ponger,
    "sender": _sender,
    "receiver": _receiver,
}
