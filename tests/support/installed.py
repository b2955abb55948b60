"""A fresh clone that need not download anything: what this checkout has installed is lent to it."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.support.checkout import ROOT, clone

_TOOLS = ("pytest",)
_SERVED = "webserver/static/vendor"
_TOOLS_OF_NODE = "node_modules"


def clone_installed(target: Path) -> Path:
    """Clone the checkout to `target`, ready to run: its `.venv` sees our packages, not our code."""
    clone(target)
    venv.create(target / ".venv", with_pip=False, symlinks=True)
    _lend_packages(target / ".venv")
    shutil.copytree(ROOT / _SERVED, target / _SERVED)
    (target / _TOOLS_OF_NODE).symlink_to(ROOT / _TOOLS_OF_NODE)
    _stamp(target)
    return target


def _lend_packages(environment: Path) -> None:
    """Put our packages on its path; a plain line in a .pth file does not read the .pth there."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    lines = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    (packages / "lent.pth").write_text("\n".join(dict.fromkeys(lines)) + "\n")
    for tool in _TOOLS:
        program = environment / "bin" / tool
        program.write_text(f'#!/bin/sh\nexec "{environment}/bin/python" -m {tool} "$@"\n')
        program.chmod(0o755)


def _stamp(target: Path) -> None:
    """Say what `scripts/venv` says when it is done, so that it finds nothing to do."""
    state = 'echo "dev $(cat pyproject.toml requirements.txt requirements-dev.txt | cksum) $(pwd)"'
    made = subprocess.run(
        ["sh", "-c", state], cwd=target, capture_output=True, text=True, check=True
    )
    (target / ".venv" / "durapy-installed").write_text(made.stdout)
