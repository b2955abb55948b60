"""What was in a log, and what comes."""

from itertools import islice

from durapy_core.cli.following import what_comes, what_was
from durapy_core.engines.base import COMMANDS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import NewEntry


def test_what_comes_goes_on_where_what_was_ends_whatever_is_sent_between() -> None:
    with MemoryEngine() as engine:
        ping = NewEntry(type="PING", body="{}")
        stored = engine.append_many(COMMANDS, [ping] * 3)
        end = engine.end(COMMANDS)
        stored.append(engine.append(COMMANDS, ping))

        was = list(what_was(engine, COMMANDS, up_to=end))
        comes = what_comes(engine, COMMANDS, after=end)

        assert [*was[::-1], *islice(comes, 1)] == stored
