"""The command line inside the test's own process, on a rig in a folder of the test."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.cli.app import run_app
from durapy_core.command import Command
from durapy_core.engines import Engine
from durapy_core.engines.base import CATALOG, COMMANDS
from durapy_core.entry import Entry, NewEntry
from durapy_core.exit_codes import run_quietly
from durapy_core.settings import Settings, child_environment, load_settings
from durapy_core.store import open_store


class RewardCommand(Command, title="Reward", group="Task", actuates=True):
    """Open the reward valve."""

    volume_ml: float = Field(0.1, gt=0, le=1, description="Volume of one drop.")
    times: int = 1
    note: str | None = None


class SayCommand(Command):
    """Say something."""

    text: str


def start_durapy(*arguments: str, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """Start `durapy` as a process of its own; `engine="redis://…"` sets DURAPY_ENGINE for it."""
    named = {f"DURAPY_{name.upper()}": value for name, value in environment.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "durapy_core", *arguments],
        cwd=cwd,
        env=child_environment(PYTHONUNBUFFERED="1", **named),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_durapy(*arguments: str, cwd: Path, limit_s: float = 60, **environment: str) -> "Result":
    """Run `durapy` as a process of its own, to its end."""
    with start_durapy(*arguments, cwd=cwd, **environment) as process:
        try:
            out, err = process.communicate(timeout=limit_s)
        finally:
            process.kill()
    return Result(process.returncode, out, err)


@dataclass(frozen=True)
class Result:
    """What one call of `durapy` gave."""

    code: int
    out: str
    err: str


class Cli:
    """Calls `durapy` in a folder that holds a rig on SQLite."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)
        monkeypatch.setenv("LOGNAME", "ada")

    def __call__(self, *arguments: str, **environment: str) -> Result:
        """Run one verb; `engine="redis://…"` sets DURAPY_ENGINE for it."""
        self._capsys.readouterr()
        with self._monkeypatch.context() as patch:
            patch.setattr("sys.argv", ["durapy", *arguments])
            for name, value in environment.items():
                patch.setenv(f"DURAPY_{name.upper()}", value)
            code = run_quietly(run_app)
        printed = self._capsys.readouterr()
        return Result(code, printed.out, printed.err)

    def open_engine(self) -> Engine:
        """Return the store of this rig."""
        (self.folder / ".durapy").mkdir(exist_ok=True)
        return open_store(load_settings(Settings))

    def publish(self, *classes: type[Command], service: str = "reward") -> None:
        """Put what a service that handles these would publish into the store."""
        types = tuple(publish_type(cls, [Role.HANDLES]) for cls in classes)
        with self.open_engine() as engine:
            catalog = PublishedCatalog(service=service, types=types)
            engine.put(CATALOG, service, catalog.model_dump_json())

    def append(self, wire_type: str, body: str = "{}", **more: Any) -> Entry:
        """Put an entry on the log of commands."""
        with self.open_engine() as engine:
            return engine.append(COMMANDS, NewEntry(type=wire_type, body=body, **more))

    def entries(self) -> list[Entry]:
        """Return the log of commands, newest first."""
        with self.open_engine() as engine:
            return engine.page(COMMANDS)
