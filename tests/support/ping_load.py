"""A steady load on a rig: a program that pings, and waits for each pong before the next ping.

`python -m tests.support.ping_load URL NAMESPACE PER_SECOND` pings until its standard input ends,
then prints `[moment, round trip]` of each ping as JSON, in seconds of the monotonic clock, which
all processes of a computer share. It is a process of its own so that nothing in a test slows it.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS, Engine, EngineOptions
from durapy_core.entry import Cursor, NewEntry

PREFIX = "load"
_LIMIT_S = 60.0


@dataclass
class PingLoad:
    """What became of the pings; filled when the load has ended."""

    trips: list[tuple[float, float]] = field(default_factory=list)

    def all_ms(self) -> list[float]:
        """Return every round trip."""
        return [trip_s * 1000 for _, trip_s in self.trips]

    def trips_ms(self, spans: list[tuple[float, float]]) -> list[float]:
        """Return the round trips that began within these spans of the monotonic clock."""
        return [s * 1000 for at, s in self.trips if any(a <= at < b for a, b in spans)]


@contextmanager
def pinging(url: str, *, namespace: str, per_second: float) -> Iterator[PingLoad]:
    """Ping for as long as the `with` lasts."""
    load = PingLoad()
    command = [sys.executable, "-m", "tests.support.ping_load", url, namespace, str(per_second)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield load
            output, _ = process.communicate(timeout=_LIMIT_S)
            assert process.returncode == 0
            load.trips += [(at, trip_s) for at, trip_s in json.loads(output)]
        finally:
            process.kill()


def quantile(values: list[float], share: float) -> float:
    """Return the value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def describe(values: list[float]) -> str:
    """Return median, 99th percentile and maximum in words."""
    return (
        f"median {median(values):.2f} ms, p99 {quantile(values, 0.99):.2f} ms, "
        f"longest {max(values):.1f} ms"
    )


def _ping(engine: Engine, per_second: float, ended: threading.Event) -> list[tuple[float, float]]:
    trips: list[tuple[float, float]] = []
    due = time.monotonic()
    while not ended.is_set():
        due += 1 / per_second
        began = time.monotonic()
        body = json.dumps({"key": f"{PREFIX}-{len(trips)}"})
        sent = engine.append(COMMANDS, NewEntry(type="PING", body=body, sender="load"))
        _await_answer(engine, Cursor(sent.key))
        now = time.monotonic()
        trips.append((began, now - began))
        ended.wait(max(0.0, due - now))
        due = max(due, now - 1)  # what was missed is caught up with, a second's worth at most
    return trips


def _await_answer(engine: Engine, ping: Cursor) -> None:
    cursor = ping
    while True:
        for entry in engine.read(COMMANDS, after=cursor, wait_s=1.0):
            cursor = Cursor(entry.key)
            if entry.cause == ping:
                return


def _main() -> None:
    url, namespace, per_second = sys.argv[1:]
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    with open_engine(url, EngineOptions(namespace=namespace)) as engine:
        trips = _ping(engine, float(per_second), ended)
    sys.stdout.write(json.dumps(trips))


if __name__ == "__main__":
    _main()
