"""The console's own modules, under Node's test runner: one test here for each file there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.requirements import missing

FOLDER = Path(__file__).parent / "static"


@pytest.mark.browser
@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.test.js")))
def test_the_module_tests_pass_under_node(name: str) -> None:
    node = shutil.which("node") or missing("browser", "no node in PATH")

    run = subprocess.run(
        [node, "--test", FOLDER / name], capture_output=True, text=True, timeout=120, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
