"""One rig for all tests of Compose: started once, and left running by each test."""

from collections.abc import Iterator

import pytest

from tests.support.checkout import clone
from tests.support.compose import ComposeProject
from tests.support.rig import Rig, free_port


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The product as a stranger has it: a clone, `docker compose up`, and two lines of `.env`."""
    port = free_port()
    folder = clone(tmp_path_factory.mktemp("rig"))
    (folder / ".env").write_text(
        f"DURAPY_PORT={port}\nDURAPY_PING_PERIOD_S=0.5\n"
        "DURAPY_ROLLOUT_START_S=10\nDURAPY_ROLLOUT_WATCH_S=4\n",
        encoding="utf-8",
    )
    with ComposeProject(folder) as compose:
        rig = Rig(compose, folder, port=port)
        rig.up()
        yield rig
