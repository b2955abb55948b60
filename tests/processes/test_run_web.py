"""`durapy run NAME --web`: a service and the console in one process."""

import re
import signal
import urllib.request
from pathlib import Path

import pytest

from durapy_core.exit_codes import ExitCode
from tests.support.cli import start_durapy
from tests.support.up import ROOT

pytestmark = pytest.mark.e2e


def test_the_example_ends_and_its_console_stays_until_ctrl_c(tmp_path: Path) -> None:
    process = start_durapy(
        *("run", "_example", "--engine", "memory://", "--web"),
        cwd=ROOT,
        data_dir=str(tmp_path),
        port="0",
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not any("DuraPy is ready" in line for line in lines) or not any(
        "the console stays until Ctrl-C" in line for line in lines
    ):
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines)
    found = re.search(r"DuraPy is ready: (http://[^/]+)", "".join(lines))
    assert found is not None

    with urllib.request.urlopen(f"{found[1]}/api/v1/health", timeout=30) as answer:  # noqa: S310
        assert answer.status == 200
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (ExitCode.OK, "")
