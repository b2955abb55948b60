"""The rig under systemd, on a computer of its own: installed, watched, and taken away again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.systemd_computer import SystemdComputer, SystemdRig
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(600)  # two rigs are installed from nothing before the first

UNITS = (
    *("durapy.target", "durapy@pinger.service", "durapy@ponger.service"),
    *("durapy@dawdler.service", "durapy-web.service", "durapy-operations.service"),
)

SHORT = 'from durapy_core import Service\n\nservice = Service("shortlived")\n'

BRISK = "[Service]\nWatchdogSec=5\nTimeoutStopSec=2\nRestartSec=100ms\n"


@pytest.fixture
def brisk(computer: SystemdComputer, rig: SystemdRig) -> Iterator[None]:
    """Let systemd lose patience sooner, with a file of the kind that `systemctl edit` makes."""
    folder = "/etc/systemd/system/durapy@.service.d"
    computer.do("mkdir", "-p", folder)
    computer.do("sh", "-c", f"printf '{BRISK}' > {folder}/override.conf")
    computer.do("systemctl", "daemon-reload")
    yield
    computer.do("rm", "-r", folder)
    computer.do("systemctl", "daemon-reload")


def logged(rig: SystemdRig, text: str, *, service: str) -> list[dict[str, Any]]:
    """Return the lines of a service in the store's log that hold this text."""
    said = rig.durapy("logs", "--service", service, "--grep", text, "--json").stdout
    return [json.loads(line) for line in said.splitlines()]


def main_pid(computer: SystemdComputer, unit: str) -> str:
    return computer.show(unit, "MainPID")


def test_all_of_the_rig_runs_and_says_how_it_is(computer: SystemdComputer, rig: SystemdRig) -> None:
    assert [computer.show(unit, "ActiveState") for unit in UNITS] == ["active"] * len(UNITS)
    assert computer.show("durapy@ponger.service", "StatusText").startswith("idle, revision ")
    assert set(rig.ps()) == {"dawdler", "pinger", "ponger", "webserver", "supervisor"}
    shown = rig.systemd("status").splitlines()
    assert shown[0].split() == ["SERVICE", "STATE", "SINCE", "RESTARTS", "ENDED", "UNIT"]
    assert [line.split()[:2] for line in shown[1:]] == [
        [name, "running"] for name in ("dawdler", "pinger", "ponger", "webserver")
    ]


def test_nothing_of_it_is_root(computer: SystemdComputer, rig: SystemdRig) -> None:
    for unit in UNITS[1:]:
        uid = computer.do("stat", "--format=%U", f"/proc/{main_pid(computer, unit)}")
        assert uid.strip() == "ada", unit


def test_systemd_has_nothing_to_say_about_the_units(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    done = computer.run("systemd-analyze", "verify", *UNITS, "durapy-next@pinger.service")

    assert [line for line in done.stderr.splitlines() if "durapy" in line] == []


def test_installing_again_changes_nothing_that_runs(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    before = [main_pid(computer, unit) for unit in UNITS[1:]]

    rig.install("--now")

    assert [main_pid(computer, unit) for unit in UNITS[1:]] == before


def test_the_console_and_the_command_line_restart_a_service(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    before = main_pid(computer, "durapy@pinger.service")

    done = rig.durapy("restart", "pinger", "--json")

    assert json.loads(done.stdout)["state"] == "done", done.stderr
    assert main_pid(computer, "durapy@pinger.service") not in (before, "0")


def test_the_owner_may_act_on_the_rig_and_on_nothing_else(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    rig.systemd("stop", "ponger")
    assert computer.show("durapy@ponger.service", "ActiveState") == "inactive"
    rig.systemd("start", "ponger")
    assert computer.show("durapy@ponger.service", "ActiveState") == "active"

    for verb, unit in (("stop", "ssh.service"), ("stop", "durapy-operations.service")):
        refused = computer.run("systemctl", "--no-ask-password", verb, unit, user="ada")
        assert "authentication required" in refused.stderr
    refused = computer.run(
        "scripts/durapy", "systemd", "stop", "ponger", user="bob", cwd=rig.folder
    )
    assert refused.returncode != 0
    assert computer.show("durapy@ponger.service", "ActiveState") == "active"


def test_a_service_in_a_session_is_left_alone_unless_the_session_is_named(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    key = rig.durapy("send", "INITIATE_SESSION").stdout.split()[0]
    try:
        wait_for(lambda: rig.ps()["ponger"].get("session"), "ponger to be in the session")
        before = main_pid(computer, "durapy@ponger.service")
        refused = [rig.durapy("systemd", verb, "ponger") for verb in ("stop", "restart")]
        untouched = main_pid(computer, "durapy@ponger.service")
        other = rig.durapy("systemd", "restart", "dawdler")
        named = rig.durapy("systemd", "restart", "ponger", "--session", key)
    finally:
        rig.durapy("send", "END_SESSION")

    for verb, done in zip(("stop", "restart"), refused, strict=True):
        assert done.returncode == 8
        assert f"ponger is in the session {key}; name its key to {verb} all the same" in done.stderr
    assert untouched == before
    assert (other.returncode, named.returncode) == (0, 0), named.stderr
    assert main_pid(computer, "durapy@ponger.service") != before


def test_while_nobody_can_tell_of_a_session_nothing_is_touched(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    before = main_pid(computer, "durapy@ponger.service")
    away = ("env", "DURAPY_ENGINE=unix:///nowhere/redis.sock", "scripts/durapy")

    done = computer.run(*away, "systemd", "stop", "ponger", user="ada", cwd=rig.folder)

    assert done.returncode == 8
    assert "Whether ponger is in a session is not known" in done.stderr
    assert "`systemctl stop durapy@ponger.service` on this computer asks nobody" in done.stderr
    assert main_pid(computer, "durapy@ponger.service") == before


def test_an_unknown_service_is_named_with_a_near_one(rig: SystemdRig) -> None:
    done = rig.durapy("systemd", "restart", "pingre")

    assert done.returncode == 8
    assert done.stderr == (
        'durapy: The rig on this computer has no service called "pingre"; did you mean "pinger"?\n'
    )


@pytest.mark.usefixtures("brisk")
def test_a_killed_service_is_started_again(computer: SystemdComputer, rig: SystemdRig) -> None:
    rig.systemd("restart", "ponger")
    before = main_pid(computer, "durapy@ponger.service")

    computer.do("kill", "-KILL", before)

    wait_for(
        lambda: (
            computer.show("durapy@ponger.service", "NRestarts") == "1"
            and computer.show("durapy@ponger.service", "ActiveState") == "active"
        ),
        "the killed service to be back",
    )
    assert main_pid(computer, "durapy@ponger.service") != before


@pytest.mark.usefixtures("brisk")
def test_a_process_that_is_frozen_is_started_again_and_a_handler_that_takes_long_is_left_alone(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    """Both at once, as each waits for watchdogs."""
    rig.systemd("restart", "ponger")
    rig.systemd("restart", "dawdler")
    rig.durapy("send", "DAWDLE")

    computer.do("kill", "-STOP", main_pid(computer, "durapy@ponger.service"))

    wait_for(
        lambda: computer.show("durapy@ponger.service", "NRestarts") == "1",
        "the watchdog to notice",
        limit_s=60,
    )
    said = computer.do("journalctl", "--unit=durapy@ponger.service", "--output=cat")
    assert "Watchdog timeout" in said
    wait_for(lambda: int((rig.ps()["dawdler"]["busy_s"] or 0) > 11), "two watchdogs to have passed")

    assert computer.show("durapy@dawdler.service", "NRestarts") == "0"
    assert computer.show("durapy@dawdler.service", "StatusText").startswith("busy with ")
    rig.systemd("restart", "dawdler")


def test_a_service_that_cannot_start_is_explained_in_one_line(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    file = f"{rig.folder}/services/pinger/service.py"
    computer.do("cp", "-p", file, "/tmp/pinger.py", user="ada")  # noqa: S108 (in the container)
    computer.do("sh", "-c", f"echo 'import no_such_camera' >> {file}", user="ada")

    done = rig.durapy("restart", "pinger")

    computer.do("cp", "-p", "/tmp/pinger.py", file, user="ada")  # noqa: S108 (as above)
    rig.systemd("start", "pinger")
    assert done.returncode == 8
    assert "pinger did not start: " in done.stderr
    assert "no_such_camera" in done.stderr
    assert done.stderr.count("\n") == 1
    kept = wait_for(lambda: logged(rig, "no_such_camera", service="pinger"), "its last words")
    assert {line["level"] for line in kept} == {"ERROR"}
    assert all(line["message"].startswith("durapy: ") for line in kept)


def test_the_last_words_of_a_crash_are_kept_once_also_while_nobody_listened(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    computer.do("systemctl", "stop", "durapy-operations.service")
    rig.durapy("send", "CRASH")
    wait_for(
        lambda: computer.show("durapy@dawdler.service", "NRestarts") != "0",
        "the crash",
        limit_s=120,
    )
    computer.do("systemctl", "start", "durapy-operations.service")

    wait_for(
        lambda: logged(rig, "Segmentation fault", service="dawdler"),
        "the last words",
        limit_s=120,
    )
    computer.do("systemctl", "restart", "durapy-operations.service")
    rig.systemd("restart", "dawdler")
    wait_for(lambda: rig.ps()["dawdler"]["state"] == "idle", "dawdler to be well")

    (crash,) = logged(rig, "Segmentation fault", service="dawdler")
    assert crash["level"] == "ERROR"
    assert "in crash" in crash["exception"]


def test_the_rig_comes_back_with_the_computer(computer: SystemdComputer, rig: SystemdRig) -> None:
    computer.reboot()

    wait_for(
        lambda: all(computer.show(unit, "ActiveState") == "active" for unit in UNITS),
        "the rig to run after a reboot",
        limit_s=90,
    )


def test_a_user_has_a_rig_of_their_own_without_root(
    computer: SystemdComputer, rig_of_bob: SystemdRig
) -> None:
    assert rig_of_bob.systemd("status").count(" running ") == 3

    done = rig_of_bob.durapy("restart", "pinger")

    assert (done.returncode, done.stderr) == (0, "")
    running = computer.do("ps", "-o", "user=,args=", "-C", "durapy")
    assert not any(line.startswith("root") for line in running.splitlines())


def test_what_was_installed_goes_and_the_history_stays(
    computer: SystemdComputer, rig_of_bob: SystemdRig
) -> None:
    rig_of_bob.durapy("send", "PING", "key=kept")

    rig_of_bob.install("--uninstall")

    units = "/home/bob/.config/systemd/user"
    assert computer.do("find", units, "-name", "durapy*") == ""
    assert computer.run("pgrep", "-u", "bob", "durapy").stdout == ""
    assert "kept" in rig_of_bob.durapy("history", "--type", "PING").stdout


def test_a_service_whose_folder_is_gone_goes_with_the_next_installation(
    computer: SystemdComputer, rig: SystemdRig
) -> None:
    rig.write("services/shortlived/service.py", SHORT)
    rig.install("--now")
    assert computer.show("durapy@shortlived.service", "ActiveState") == "active"
    computer.do("rm", "-r", f"{rig.folder}/services/shortlived")

    rig.install()

    assert computer.show("durapy@shortlived.service", "ActiveState") == "inactive"
    assert "shortlived" not in rig.systemd("status")
