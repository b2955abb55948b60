"""One reader of a log for all who listen at this web server."""

import asyncio
from collections.abc import Sequence

from durapy_core.engines.base import COMMANDS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import Cursor, Entry, NewEntry
from tests.support.log_lines import logged
from webserver.feed import LogFeed

LIMIT_S = 30


def test_a_listener_that_fails_keeps_nobody_from_hearing_what_comes() -> None:
    engine = MemoryEngine()
    ping = NewEntry(type="PING", body="{}")

    async def scenario() -> list[str]:
        feed = LogFeed(engine, COMMANDS)
        heard: asyncio.Queue[str] = asyncio.Queue()

        def fail(_before: Cursor, _entries: Sequence[Entry]) -> None:
            raise ValueError("what is this")

        def hear(_before: Cursor, entries: Sequence[Entry]) -> None:
            for entry in entries:
                heard.put_nowait(entry.key)

        feed.listen(fail)
        feed.listen(hear)
        feed.start()
        try:
            async with asyncio.timeout(LIMIT_S):
                await feed.ready.wait()
                found = []
                for _ in range(2):
                    engine.append(COMMANDS, ping)
                    found.append(await heard.get())
                return found
        finally:
            feed.close()

    with logged() as lines:
        keys = asyncio.run(scenario())

    assert keys == ["1", "2"]
    assert [line["message"] for line in lines] == [
        "a listener of the log commands failed; it goes on"
    ] * 2
