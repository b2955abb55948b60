"""The commands that the players of a measurement exchange. The rivals write the same by hand."""

from durapy_core.command import Command


class GoCommand(Command, type="BENCH_GO"):
    """Begin a turn.

    Attributes:
        count: so many commands, or round trips.
        batch: so many are sent at once.
        every_s: one batch in so many seconds; 0 for as fast as it goes.
        size_bytes: how long the text of each is.
    """

    count: int
    batch: int = 1
    every_s: float = 0.0
    size_bytes: int = 0


class PingCommand(Command, type="BENCH_PING"):
    """Asks for a pong."""

    key: str


class PongCommand(Command, type="BENCH_PONG"):
    """Answers a ping."""

    input_key: str
    output_key: str


class DataCommand(Command, type="BENCH_DATA"):
    """Says when it was sent, and how many of its turn follow.

    Attributes:
        sent_s: `time.perf_counter()`, which is one clock for all processes of a computer.
    """

    sent_s: float
    left: int
    text: str
