import pwd
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.cli import Cli

DAEMON = pwd.getpwnam("daemon").pw_name


@pytest.fixture
def checkout(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The command line in a checkout with two services."""
    (tmp_path / "durapy_core").symlink_to(ROOT / "durapy_core")
    for name in ("camera", "reward"):
        (tmp_path / "services" / name).mkdir(parents=True)
        (tmp_path / "services" / name / "service.py").touch()
    return cli


def test_a_dry_run_says_what_would_be_done_and_does_nothing(checkout: Cli) -> None:
    done = checkout("systemd", "install", "--run-as", DAEMON, "--now", "--dry-run")

    lines = [line.split() for line in done.out.splitlines()]
    assert ["write", "/etc/systemd/system/durapy@.service"] in lines
    assert lines[-1] == ["run", "systemctl", "--quiet", "start", "durapy.target"]
    assert "durapy@camera.service durapy@reward.service" in done.out
    assert not (checkout.folder / ".durapy" / "systemd").exists()


def test_a_service_that_runs_elsewhere_is_left_out(checkout: Cli) -> None:
    done = checkout("systemd", "install", "--run-as", DAEMON, "--skip", "camera", "--dry-run")

    assert "durapy@reward.service" in done.out
    assert "durapy@camera.service" not in done.out


def test_the_files_are_printed_as_they_would_be_written(checkout: Cli) -> None:
    done = checkout("systemd", "render", "--run-as", DAEMON)

    assert f"WorkingDirectory={checkout.folder}\n" in done.out
    assert f"User={DAEMON}\n" in done.out
    assert "# --- /etc/polkit-1/rules.d/50-durapy.rules\n" in done.out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("install", "cammera"), 'No service is called "cammera"; there are camera, reward.'),
        (("install", "--run-as", DAEMON, "--skip", "x"), 'No service is called "x"'),
        (("install", "--run-as", "no-such-user"), "knows no user no-such-user"),
        (("install", "--run-as", "root"), "cannot run as 'root'"),
        (("install", "--host", "ssh://-oX=y"), "names no computer"),
        (("status", "--host", "rig"), "names no computer"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    checkout: Cli, arguments: tuple[str, ...], why: str
) -> None:
    dry = ("--dry-run",) if arguments[0] == "install" else ()

    done = checkout("systemd", *arguments, *dry)

    assert done.code in (3, 4)
    assert why in done.err
    assert done.err.count("\n") == 1


def test_a_folder_that_is_no_checkout_is_refused(cli: Cli) -> None:
    done = cli("systemd", "install", "--run-as", DAEMON, "--dry-run")

    assert done.code == 3
    assert "is no checkout of DuraPy" in done.err
