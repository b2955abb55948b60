"""One computer under systemd for all tests here; each leaves the rig of ada running."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.systemd_computer import SystemdComputer, SystemdRig


@pytest.fixture(scope="package")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("systemd")


@pytest.fixture(scope="package")
def computer() -> Iterator[SystemdComputer]:
    """A computer without a rig."""
    with SystemdComputer() as computer:
        yield computer


ENVIRONMENT = """\
DURAPY_PING_PERIOD_S=0.2
DURAPY_ROLLOUT_WATCH_S=1
UV_CACHE_DIR=/var/cache/uv
UV_OFFLINE=1
"""

SLOW = '''
import ctypes
import time
from durapy_core import Command, Context, Service

class DawdleCommand(Command):
    """Take long."""

class CrashCommand(Command):
    """End without a word of its own."""

service = Service("dawdler")

@service.on(CrashCommand, redeliver=False)
def crash(command: CrashCommand, ctx: Context) -> None:
    ctypes.string_at(0)

@service.on(DawdleCommand, redeliver=False)
def dawdle(command: DawdleCommand, ctx: Context) -> None:
    time.sleep(600)
'''
"""A service with a handler that takes longer than any watchdog would wait, and one that crashes."""


@pytest.fixture(scope="package")
def rig(computer: SystemdComputer, scratch: Path) -> SystemdRig:
    """The rig of ada, installed for the whole computer, with a service of her own."""
    rig = SystemdRig(computer, "ada", computer.check_out("ada", scratch))
    rig.write("services/dawdler/service.py", SLOW)
    rig.write(".env", ENVIRONMENT)
    rig.git("add", "--all")
    rig.git("commit", "--quiet", "--message=A service of her own")
    rig.install("--now")
    return rig


@pytest.fixture(scope="package")
def checkout_of_bob(computer: SystemdComputer, scratch: Path) -> SystemdRig:
    rig = SystemdRig(computer, "bob", computer.check_out("bob", scratch), own=True)
    rig.write(".env", "DURAPY_PORT=8091\n")
    computer.do("loginctl", "enable-linger", "bob")
    return rig


@pytest.fixture
def rig_of_bob(checkout_of_bob: SystemdRig) -> SystemdRig:
    """Another rig, in the own systemd of an ordinary user; a test may have taken it away."""
    if not checkout_of_bob.is_installed():
        checkout_of_bob.install("--now")
    return checkout_of_bob
