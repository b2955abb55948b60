"""Work of the console that never ends."""

import asyncio
from pathlib import Path

from durapy_core.engines.memory import MemoryEngine
from durapy_core.settings import Settings
from tests.support.log_lines import logged
from webserver.app import make_app
from webserver.directory import Snapshot

LIMIT_S = 30


def test_a_listener_that_fails_does_not_end_the_look_at_the_services(tmp_path: Path) -> None:
    settings = Settings.model_validate({"engine": "memory://", "data_dir": str(tmp_path)})
    looked: list[Snapshot] = []

    async def scenario() -> None:
        app = make_app(settings, MemoryEngine())
        twice = asyncio.Event()

        def listen(snapshot: Snapshot, _types_changed: bool) -> None:  # noqa: FBT001 (a listener)
            looked.append(snapshot)
            if len(looked) == 1:
                raise ValueError("what is this")
            twice.set()

        app.site.directory.listen(listen)
        app.start()
        try:
            await asyncio.wait_for(twice.wait(), LIMIT_S)
        finally:
            await app.close()

    with logged() as lines:
        asyncio.run(scenario())

    told = [line["message"] for line in lines if line["level"].name == "ERROR"]
    assert told == ["the look at the services met an unforeseen error; it goes on"]
