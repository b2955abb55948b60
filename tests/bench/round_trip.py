"""How long a ping and its pong take through the whole runtime, against redis-py's bare connection.

    python -m tests.bench.round_trip [--tcp] [--blocks 20] [--trips 500] [--commit-ms 5]

Two processes of each kind play ping-pong over one Redis server, in turns of `--trips` round trips:
while one pair plays, the other waits in its XREAD. Both write the same fields to one stream, and
each process sees its own entries as well, as every reader of the log does.
The bare pair packs with `Connection.pack_command`, dispatches by type, and does nothing else.
The figure to read is the ratio; the absolute times are this computer's.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Any

from redis.connection import Connection, UnixDomainSocketConnection

from durapy_core import Command, Context, Service
from durapy_core.runtime import run_service
from durapy_core.settings import Settings
from durapy_core.store import open_store
from tests.support.redis_server import RedisServer

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

SPAWN = multiprocessing.get_context("spawn")
GOAL = 1.25
BARE = "durapy:{bare}:commands"

Trips = list[float]


class GoCommand(Command):
    """Begins a turn of so many round trips."""

    trips: int


class BenchPingCommand(Command):
    """Asks for a pong."""

    key: str


class BenchPongCommand(Command):
    """Answers a ping."""

    input_key: str
    output_key: str


def make_pinger(results: "SimpleQueue[Trips]") -> Service:
    """Return the service that pings when a pong has come, and reports each turn."""
    service = Service("bench_pinger")
    trips: Trips = []
    left, sent_s = 0, 0.0

    @service.on(GoCommand)
    def go(command: GoCommand, ctx: Context) -> None:
        nonlocal left, sent_s
        left = command.trips
        trips.clear()
        sent_s = time.perf_counter()
        ctx.send(BenchPingCommand(key=f"k-{left}"))

    @service.on(BenchPongCommand)
    def again(_pong: BenchPongCommand, ctx: Context) -> None:
        nonlocal left, sent_s
        trips.append(time.perf_counter() - sent_s)
        left -= 1
        if left:
            sent_s = time.perf_counter()
            ctx.send(BenchPingCommand(key=f"k-{left}"))
        else:
            results.put(trips)

    return service


def make_ponger(_results: "SimpleQueue[Trips]") -> Service:
    """Return the service that answers."""
    service = Service("bench_ponger")

    @service.on(BenchPingCommand)
    def answer(ping: BenchPingCommand, ctx: Context) -> None:
        ctx.send(BenchPongCommand(input_key=ping.key, output_key=ping.key[::-1]))

    return service


def run_durapy(
    make: Callable[["SimpleQueue[Trips]"], Service],
    url: str,
    commit_ms: float,
    results: "SimpleQueue[Trips]",
) -> None:
    """Run a service as `durapy run` does."""
    settings = Settings(engine=url, commit_ms=commit_ms)
    service = make(results)
    with open_store(settings) as engine:
        run_service(service, engine, settings)


class Bare:
    """The same with two connections of redis-py, by hand."""

    def __init__(self, where: dict[str, Any]) -> None:
        make: Any = UnixDomainSocketConnection if "path" in where else Connection
        self.sending, self.reading = make(**where, protocol=2), make(**where, protocol=2)
        self.cursor, self.seq = b"0-0", 0

    def send(self, wire_type: str, body: str, sender: str, cause: bytes) -> None:
        """Append one entry with the fields that the runtime writes."""
        self.seq += 1
        fields = ("type", wire_type, "body", body, "id", f"0123456789ab/{self.seq}")
        more = ("sender", sender, "cause", cause, "n", "1")
        packed = self.sending.pack_command("XADD", BARE, "*", *fields, *more)
        self.sending.send_packed_command(packed, check_health=False)
        self.sending.read_response(disable_decoding=True)

    def read(self) -> list[Any]:
        """Wait for the next entries."""
        while True:
            packed = self.reading.pack_command(
                "XREAD", "COUNT", 128, "BLOCK", 500, "STREAMS", BARE, self.cursor
            )
            self.reading.send_packed_command(packed, check_health=False)
            found = self.reading.read_response(disable_decoding=True)
            if found:
                entries: list[Any] = found[0][1]
                self.cursor = entries[-1][0]
                return entries


def run_bare_pinger(where: dict[str, Any], results: "SimpleQueue[Trips]") -> None:
    """Ping for a pong, with the bare connection."""
    bare, trips, left, sent_s = Bare(where), list[float](), 0, 0.0
    while True:
        for key, fields in bare.read():
            if fields[1] == b"GO":
                left = int(fields[3])
                trips.clear()
            elif fields[1] == b"BENCH_PONG":
                trips.append(time.perf_counter() - sent_s)
                left -= 1
            else:
                continue
            if left:
                sent_s = time.perf_counter()
                bare.send("BENCH_PING", f'{{"key":"k-{left}"}}', "bench_pinger", key)
            else:
                results.put(trips)


def run_bare_ponger(where: dict[str, Any]) -> None:
    """Answer, with the bare connection."""
    bare = Bare(where)
    while True:
        for key, fields in bare.read():
            if fields[1] == b"BENCH_PING":
                body = '{"input_key":"k-100","output_key":"001-k"}'
                bare.send("BENCH_PONG", body, "bench_ponger", key)


def measure(server: RedisServer, options: argparse.Namespace) -> tuple[Trips, Trips]:
    """Let both pairs play in turns and return the round trips of the bare and of our pair."""
    url = server.tcp_url if options.tcp else server.unix_url
    where = {"host": "127.0.0.1", "port": server.port} if options.tcp else {}
    where = where or {"path": str(server.socket_path)}
    bare_results: SimpleQueue[Trips] = SPAWN.SimpleQueue()
    our_results: SimpleQueue[Trips] = SPAWN.SimpleQueue()
    players = [
        SPAWN.Process(target=run_bare_ponger, args=(where,)),
        SPAWN.Process(target=run_bare_pinger, args=(where, bare_results)),
        SPAWN.Process(target=run_durapy, args=(make_ponger, url, options.commit_ms, our_results)),
        SPAWN.Process(target=run_durapy, args=(make_pinger, url, options.commit_ms, our_results)),
    ]
    client = server.client()
    ours = "durapy:{durapy}:commands"
    bare_trips: Trips = []
    our_trips: Trips = []
    for player in players:
        player.start()
    try:
        while client.hlen("durapy:{durapy}:table:status") < 2:
            time.sleep(0.1)
        time.sleep(1)
        for block in range(options.blocks + 1):
            client.xadd(BARE, {"type": "GO", "body": str(options.trips)})
            bare_block = bare_results.get()
            client.xadd(ours, {"type": "GO", "body": f'{{"trips":{options.trips}}}'})
            our_block = our_results.get()
            if block:  # the first one warms up
                bare_trips += bare_block
                our_trips += our_block
    finally:
        for player in players:
            player.terminate()
    return bare_trips, our_trips


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tcp", action="store_true", help="over TCP, not over a Unix socket")
    parser.add_argument("--blocks", type=int, default=20, help="turns of each pair")
    parser.add_argument("--trips", type=int, default=500, help="round trips in a turn")
    parser.add_argument("--commit-ms", type=float, default=5, help="as DURAPY_COMMIT_MS")
    options = parser.parse_args()
    with RedisServer() as server:
        bare, ours = measure(server, options)
    for name, trips in (("bare redis-py connection", bare), ("durapy, whole runtime", ours)):
        trips.sort()
        p50, p99 = median(trips) * 1e6, trips[int(len(trips) * 0.99)] * 1e6
        sys.stdout.write(
            f"{name:26} p50 {p50:7.1f} µs   p99 {p99:7.1f} µs   {len(trips):,} round trips\n"
        )
    ratio = median(ours) / median(bare)
    sys.stdout.write(f"ratio of the p50s: {ratio:.3f} (goal: at most {GOAL})\n")


if __name__ == "__main__":
    main()
