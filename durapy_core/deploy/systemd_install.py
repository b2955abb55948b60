"""Putting a rig's unit files in their place, and taking them away: first a plan, then the acts.

Both may be done again and again; the second time changes nothing.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from durapy_core.deploy.systemd_units import (
    NEXT_TEMPLATE,
    OPERATIONS,
    TARGET,
    TEMPLATE,
    WEB,
    Layout,
    render_files,
    unit_of,
)
from durapy_core.errors import DeployError, ManagerUnavailableError

_LIMIT_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an installation, or its removal, will do, in this order.

    Attributes:
        before: commands before any file is touched.
        files: files to write if they differ, by path.
        gone: files and folders to remove if they are there.
        after: commands after that.
    """

    before: tuple[tuple[str, ...], ...] = ()
    files: dict[Path, str]
    gone: tuple[Path, ...] = ()
    after: tuple[tuple[str, ...], ...] = ()


def plan_install(layout: Layout, services: Iterable[str], *, now: bool) -> Plan:
    """Return how the units of these services come to be, enabled; with `now`, started as well.

    Units of services that are no longer among them are disabled and stopped.
    """
    systemctl = _systemctl(layout)
    units = [unit_of(name) for name in services]
    units += [WEB, OPERATIONS] if layout.whole else []
    files = render_files(layout)
    leftover = [unit for unit in enabled_units(layout) if unit not in units]
    stale = [layout.units / name for name in (WEB, OPERATIONS)]
    return Plan(
        before=((*systemctl, "disable", "--now", *leftover),) if leftover else (),
        files=files,
        gone=tuple(path for path in stale if path not in files and path.exists()),
        after=(
            (*systemctl, "daemon-reload"),
            (*systemctl, "enable", TARGET, *units),
            *(((*systemctl, "start", TARGET),) if now else ()),
        ),
    )


def plan_uninstall(layout: Layout) -> Plan:
    """Return how the rig leaves systemd: the checkout and its history stay."""
    systemctl = _systemctl(layout)
    names = (TARGET, TEMPLATE, NEXT_TEMPLATE, WEB, OPERATIONS)
    there = [name for name in names if (layout.units / name).exists()]
    if not there:
        return Plan(files={}, gone=_existing(layout.state))
    units = (TARGET, *enabled_units(layout))
    rules = [path for path in render_files(layout) if path.suffix == ".rules"]
    return Plan(
        before=(
            (*systemctl, "disable", "--now", *units),
            (*systemctl, "stop", NEXT_TEMPLATE.replace("@", "@*")),
        ),
        files={},
        gone=_existing(*(layout.units / name for name in there), *rules, layout.state),
        after=((*systemctl, "daemon-reload"), (*systemctl, "reset-failed", "durapy*")),
    )


def enabled_units(layout: Layout) -> list[str]:
    """Return the units that the rig's target wants."""
    folder = layout.units / f"{TARGET}.wants"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def carry_out(plan: Plan, layout: Layout) -> None:
    """Do what a plan says.

    Raises:
        DeployError: a file or a command was refused; the message says which and why.
    """
    for argv in plan.before:
        run(argv)
    try:
        for path in plan.gone:
            _remove(path)
        for path, text in plan.files.items():
            _write(path, text, layout)
    except OSError as error:
        hint = "" if os.geteuid() == 0 else " Installing for the whole computer needs root."
        raise DeployError(f"{error.filename}: {error.strerror}.{hint}") from error
    for argv in plan.after:
        run(argv, check="reset-failed" not in argv)


def run(argv: tuple[str, ...], *, check: bool = True) -> None:
    """Run one command to its end.

    Raises:
        ManagerUnavailableError: there is no such program.
        DeployError: with `check`, it failed; the message holds what it said.
    """
    try:
        done = subprocess.run(  # noqa: S603 (an argument list of ours)
            argv, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except FileNotFoundError as error:
        raise ManagerUnavailableError(
            f"There is no {argv[0]} here; this needs a Linux that systemd has started."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise DeployError(f"`{' '.join(argv)}` did not end within {_LIMIT_S:g} s.") from error
    if check and done.returncode:
        raise DeployError(f"`{' '.join(argv)}`: {' '.join(done.stderr.split())}")


def _systemctl(layout: Layout) -> tuple[str, ...]:
    return ("systemctl", "--quiet") if layout.run_as else ("systemctl", "--user", "--quiet")


def _existing(*paths: Path) -> tuple[Path, ...]:
    return tuple(path for path in paths if path.exists())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, text: str, layout: Layout) -> None:
    """Write a file whole or not at all, unless it says this already."""
    of_user = path.is_relative_to(layout.checkout)
    _make_folder(path.parent, layout.run_as if of_user else "")
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == text:
            return
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o755 if text.startswith("#!") else 0o644)
    if of_user and layout.run_as:
        shutil.chown(draft, layout.run_as)
    draft.replace(path)


def _make_folder(folder: Path, owner: str) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700 if owner else 0o755)
        if owner:
            shutil.chown(each, owner)
