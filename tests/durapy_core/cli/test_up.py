"""What `durapy up` does beside its child processes."""

import io
from pathlib import Path

from durapy_core import operations
from durapy_core.cli.up import _operations_served
from durapy_core.deploy.local import LocalManager
from durapy_core.deploy.printer import Printer
from durapy_core.settings import Settings
from durapy_core.store import open_store
from tests.support.log_lines import logged
from tests.support.waiting import wait_for


def test_a_store_that_refuses_for_a_moment_does_not_end_the_serving_of_operations(
    tmp_path: Path,
) -> None:
    file = tmp_path / "commands.db"
    settings = Settings.model_validate({"engine": f"sqlite:///{file}"})
    manager = LocalManager([], Printer([], io.StringIO()))

    with open_store(settings) as engine, _operations_served(settings, manager), logged() as lines:
        wait_for(lambda: operations.is_served(engine), "a server of operations")
        file.rename(tmp_path / "elsewhere.db")  # then every call is refused
        wait_for(
            lambda: any("no restarts from the console" in line["message"] for line in lines),
            "the refusal",
        )
        (tmp_path / "elsewhere.db").rename(file)
        wait_for(lambda: operations.is_served(engine), "a server of operations")
        key = operations.request(engine, "restart", "camera", by="cli:ann")
        *_, end = operations.follow(engine, key)

    assert (end.state, end.by) == ("failed", "cli:ann")
    assert "runs no service called" in end.message
