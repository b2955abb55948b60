import os
import subprocess
import sys
from pathlib import Path

import pytest

from durapy_core.deploy.lock import hold
from durapy_core.errors import DeployError


def test_a_folder_is_held_by_one_and_the_refusal_names_it(tmp_path: Path) -> None:
    with (
        hold(tmp_path),
        pytest.raises(DeployError, match=rf"process {os.getpid()}\)"),
        hold(tmp_path),
    ):
        pass


def test_a_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with hold(tmp_path):
        pass

    with hold(tmp_path) as descriptor:
        assert descriptor > 0


def test_a_child_that_keeps_the_lock_holds_the_folder(tmp_path: Path) -> None:
    with hold(tmp_path) as descriptor:
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(descriptor,)
        )
    (tmp_path / "up.lock").write_text("999999999")  # its supervisor is gone

    with child:
        with pytest.raises(DeployError, match="have not ended yet"), hold(tmp_path):
            pass
        child.communicate(b"\n")

    with hold(tmp_path):
        pass
