import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from durapy_core.deploy.systemd_install import plan_install, plan_uninstall
from durapy_core.deploy.systemd_units import Layout, make_layout, render_files
from durapy_core.errors import SettingsError

CHECKOUT = Path("/srv/rig")
SYSTEM = make_layout(CHECKOUT, run_as="ada", hosts=("ssh://ada@cam",))
OF_USER = make_layout(CHECKOUT, user_units=Path("/home/ada/.config/systemd/user"))
BOTH = pytest.mark.parametrize("layout", [SYSTEM, OF_USER], ids=["system", "user"])


def unit(layout: Layout, name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=True, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their capitals
    parser.read_string(render_files(layout)[layout.units / name])
    return parser


def services(layout: Layout) -> list[str]:
    return [path.name for path in render_files(layout) if path.suffix == ".service"]


@BOTH
def test_every_process_of_the_rig_is_watched_and_started_again(layout: Layout) -> None:
    assert len(services(layout)) == 4
    for name in services(layout):
        service = unit(layout, name)["Service"]

        assert service["Type"] == "notify"
        assert service["Restart"] == "on-failure"
        assert service["RestartPreventExitStatus"] == "3"
        assert int(service["WatchdogSec"]) > 10, "a store that is away blocks a beat for a while"
        assert int(service["TimeoutStopSec"]) > 8, "the grace that local processes have"
        assert service["NoNewPrivileges"] == "yes"
        assert unit(layout, name)["Unit"]["StartLimitBurst"] == "10"
        assert unit(layout, name)["Unit"]["PartOf"] == "durapy.target"


@BOTH
def test_all_but_the_successor_start_with_the_target(layout: Layout) -> None:
    enabled = {name for name in services(layout) if unit(layout, name).has_section("Install")}

    assert set(services(layout)) - enabled == {"durapy-next@.service"}
    for name in enabled:
        assert unit(layout, name)["Install"]["WantedBy"] == "durapy.target"


def test_the_rig_starts_with_the_computer_or_with_its_user() -> None:
    assert unit(SYSTEM, "durapy.target")["Install"]["WantedBy"] == "multi-user.target"
    assert unit(OF_USER, "durapy.target")["Install"]["WantedBy"] == "default.target"


def test_nothing_runs_as_root() -> None:
    assert all(unit(SYSTEM, name)["Service"]["User"] == "ada" for name in services(SYSTEM))
    with pytest.raises(SettingsError, match="cannot run as 'root'"):
        make_layout(CHECKOUT, run_as="root")


def test_a_users_own_units_ask_for_nothing_that_only_the_computers_may() -> None:
    text = "".join(render_files(OF_USER).values())

    assert not re.search(
        r"^(User|Protect\w+|Private\w+|CapabilityBoundingSet)=", text, re.MULTILINE
    )
    assert "polkit" not in text


def test_devices_stay_within_reach() -> None:
    text = "".join(render_files(SYSTEM).values())

    assert not re.search(
        r"^(PrivateDevices|DevicePolicy|DeviceAllow|ProtectClock)=", text, re.MULTILINE
    )
    assert not re.search(
        r"^(RestrictAddressFamilies|SystemCallFilter|ProtectHome)=", text, re.MULTILINE
    )


def test_the_rule_lets_its_user_act_on_the_rigs_units_alone() -> None:
    rule = render_files(SYSTEM)[Path("/etc/polkit-1/rules.d/50-durapy.rules")]
    found = re.search(r"/\^(durapy.+?)\$/", rule)
    assert found
    assert 'subject.user === "ada"' in rule
    pattern = re.compile(found[1])

    for name in ("durapy@pump.service", "durapy-next@a_1.service", "durapy-web.service"):
        assert pattern.fullmatch(name)
    for name in (
        "ssh.service",
        "durapy-operations.service",
        "durapy@x.service.d",
        "xdurapy@a.service",
    ):
        assert not pattern.fullmatch(name)


def test_other_computers_are_named_to_who_carries_out_operations() -> None:
    assert "serve --host ssh://ada@cam" in render_files(SYSTEM)[SYSTEM.state / "run"]
    assert "serve --user ;;" in render_files(OF_USER)[OF_USER.state / "run"]


@pytest.mark.parametrize("path", ["/srv/my rig", "/srv/$HOME", "/srv/a%b", "/srv/a'b", "/srv/a\nb"])
def test_a_folder_that_a_unit_file_would_read_otherwise_is_refused(path: str) -> None:
    with pytest.raises(SettingsError, match="cannot stand in a unit file"):
        make_layout(Path(path), run_as="ada")


@pytest.mark.parametrize("user", ["", "-x", 'a"b', "a b", "Ada\n", "a;b"])
def test_an_odd_user_is_refused(user: str) -> None:
    with pytest.raises(SettingsError, match="cannot run as"):
        make_layout(CHECKOUT, run_as=user)


@BOTH
def test_systemd_finds_nothing_to_say(layout: Layout, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze in PATH; tests/systemd look at the same in a container")
    checkout = tmp_path / "rig"
    here = Layout(checkout=checkout, units=tmp_path / "units", run_as=layout.run_as and "daemon")
    for path, text in render_files(here).items():
        if path.is_relative_to(tmp_path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if path.name == "run" else 0o644)
    instances = [path.replace("@", "@pump") for path in services(here)]

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *instances, "durapy.target"],
        cwd=here.units,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    ours = [line for line in done.stderr.splitlines() if "durapy" in line]
    assert ours == []


def test_the_run_script_is_clean(tmp_path: Path) -> None:
    script = tmp_path / "run"
    script.write_text(render_files(SYSTEM)[SYSTEM.state / "run"])

    done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def installed(folder: Path, *names: str) -> Layout:
    """Leave what an installation of these services leaves, and return its layout."""
    layout = make_layout(folder, user_units=folder / "units")
    for path, text in render_files(layout).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    wants = layout.units / "durapy.target.wants"
    wants.mkdir()
    for name in names:
        (wants / name).touch()
    return layout


def test_a_service_that_is_gone_is_disabled_by_the_next_installation(tmp_path: Path) -> None:
    layout = installed(tmp_path, "durapy@old.service", "durapy@pump.service", "durapy-web.service")

    plan = plan_install(layout, ["pump"], now=True)

    assert [argv[-1] for argv in plan.before] == ["durapy@old.service"]
    assert [argv[2:4] for argv in plan.after][1] == ("--quiet", "enable")
    assert plan.after[-1][-2:] == ("start", "durapy.target")


def test_services_alone_come_without_console_and_operations(tmp_path: Path) -> None:
    layout = make_layout(tmp_path, user_units=tmp_path / "units", whole=False)

    plan = plan_install(layout, ["camera"], now=False)

    assert {path.name for path in plan.files} == {
        *("durapy.target", "durapy@.service", "durapy-next@.service", "run")
    }
    assert plan.after[-1][-2:] == ("durapy.target", "durapy@camera.service")


def test_what_is_removed_is_what_was_installed_and_the_history_is_not(tmp_path: Path) -> None:
    layout = installed(tmp_path, "durapy@pump.service")

    plan = plan_uninstall(layout)

    assert set(plan.gone) == {
        *(path for path in render_files(layout) if path.name != "run"),
        layout.state,
    }
    assert layout.state != tmp_path / ".durapy"
    assert plan.before[0][-2:] == ("durapy.target", "durapy@pump.service")


def test_nothing_is_done_where_nothing_is_installed(tmp_path: Path) -> None:
    plan = plan_uninstall(make_layout(tmp_path, user_units=tmp_path / "units"))

    assert (plan.before, plan.files, plan.gone, plan.after) == ((), {}, (), ())
