from pathlib import Path

import pytest

from tests.support.cli import Cli, RewardCommand, SayCommand


@pytest.fixture
def empty_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """The command line where no rig has ever run."""
    return Cli(tmp_path, monkeypatch, capsys)


@pytest.fixture
def cli(empty_cli: Cli) -> Cli:
    """The command line of a rig that knows REWARD and SAY."""
    empty_cli.publish(RewardCommand, SayCommand)
    return empty_cli
