"""The tutorial, followed line by line in containers."""

from collections.abc import Iterator

import pytest

from tests.support.compose import ComposeProject
from tests.support.followed import BLOCKS, Followed
from tests.support.installed import clone_installed
from tests.support.rig import free_port
from tests.support.tutorial import Walk

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    folder = clone_installed(tmp_path_factory.mktemp("composed"))
    port = free_port()
    (folder / ".env").write_text(f"DURAPY_PORT={port}\nDURAPY_PING_PERIOD_S=0.3\n")
    with ComposeProject(folder) as compose:
        environment = {"COMPOSE_PROJECT_NAME": compose.name}
        with Walk(folder, environment, up="scripts/up --docker") as walk:
            walk.follow(BLOCKS)
            token = compose.run("exec", "--no-TTY", "webserver", "cat", "/data/token").strip()
            yield Followed(walk, port=port, token=token)


def test_a_copied_service_is_used_without_a_restart_of_the_console(composed: Followed) -> None:
    composed.judge()
