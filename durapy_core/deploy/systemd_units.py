"""The unit files of a rig under systemd, as text: nothing here reads or writes anything.

    durapy.target              the rig: start and stop all of it
    durapy@NAME.service        one service
    durapy-next@NAME.service   its successor while it is rolled out; never enabled
    durapy-web.service         the console
    durapy-operations.service  carries out what the console's buttons ask for

Sources: systemd.unit(5), systemd.service(5), systemd.exec(5), polkit(8).
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, TypeVar

from durapy_core.errors import SettingsError

TARGET: Final = "durapy.target"
WEB: Final = "durapy-web.service"
OPERATIONS: Final = "durapy-operations.service"
TEMPLATE: Final = "durapy@.service"
NEXT_TEMPLATE: Final = "durapy-next@.service"

_SYSTEM_UNITS: Final = Path("/etc/systemd/system")
_POLKIT_RULES: Final = Path("/etc/polkit-1/rules.d/50-durapy.rules")
_PATH: Final = re.compile(r"/[\w./+@:,-]*")
P = TypeVar("P", bound=PurePath)
_USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a rig is and how it is to run.

    Attributes:
        checkout: the folder of the checkout, from its root.
        units: the folder for unit files.
        run_as: the user of the services in system mode; empty: the user's own systemd.
        whole: whether the console and the operations belong to it, not only services.
        hosts: other computers whose services the console's buttons reach, as `ssh://…`.
    """

    checkout: Path
    units: Path
    run_as: str = ""
    whole: bool = True
    hosts: tuple[str, ...] = ()

    @property
    def state(self) -> Path:
        """The folder for what systemd's side of the rig keeps: links and revisions."""
        return state_folder(self.checkout)


def make_layout(
    checkout: Path,
    *,
    user_units: Path | None = None,
    run_as: str = "",
    whole: bool = True,
    hosts: tuple[str, ...] = (),
) -> Layout:
    """Return a layout; with `user_units`, a folder, for the user's own systemd.

    Raises:
        SettingsError: a path or the user's name cannot stand in a unit file.
    """
    units = user_units or _SYSTEM_UNITS
    for path in (checkout, units):
        if not _PATH.fullmatch(str(path)):
            raise SettingsError(
                f"{str(path)!r} cannot stand in a unit file; use a folder whose path has only "
                "letters, digits and . _ - + @ : ,"
            )
    if not user_units and (run_as == "root" or not _USER.fullmatch(run_as)):
        raise SettingsError(
            f"The services cannot run as {run_as!r}; name an ordinary user with --run-as, the one "
            "that the checkout belongs to."
        )
    return Layout(checkout=checkout, units=units, run_as=run_as, whole=whole, hosts=hosts)


def state_folder(checkout: P) -> P:
    """Return where a checkout under systemd keeps its links and revisions."""
    return checkout / ".durapy" / "systemd"


def unit_of(service: str) -> str:
    """Return the name of a service's unit."""
    return WEB if service == "webserver" else f"durapy@{service}.service"


def render_files(layout: Layout) -> dict[Path, str]:
    """Return every file that an installation consists of, by its path."""
    units = {
        TARGET: _target(layout),
        TEMPLATE: _service(layout, "DuraPy service %i", "current %i", install=True),
        NEXT_TEMPLATE: _service(layout, "DuraPy service %i, taking over", "next %i"),
    }
    if layout.whole:
        units[WEB] = _service(layout, "DuraPy console", "current webserver", install=True)
        units[OPERATIONS] = _operations(layout)
    files = {layout.units / name: text for name, text in units.items()}
    if layout.run_as:
        files[_POLKIT_RULES] = _polkit_rule(layout.run_as)
    files[layout.state / "run"] = _run_script(layout)
    return files


def _target(layout: Layout) -> str:
    wanted_by = "multi-user.target" if layout.run_as else "default.target"
    return f"""{_HEADER}
[Unit]
Description=DuraPy rig in {layout.checkout}

[Install]
WantedBy={wanted_by}
"""


def _service(layout: Layout, description: str, arguments: str, *, install: bool = False) -> str:
    after = "\nAfter=network.target redis-server.service redis.service" if layout.run_as else ""
    user = f"User={layout.run_as}\n" if layout.run_as else ""
    hardening = _SYSTEM_HARDENING if layout.run_as else _USER_HARDENING
    text = f"""{_HEADER}
[Unit]
Description={description}
PartOf={TARGET}{after}
# A crash loop ends and shows as failed; starting it by hand begins anew.
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
# Ready once it leads or stands by. A store that is away for longer is waited for by a new start.
Type=notify
NotifyAccess=main
TimeoutStartSec=120
{user}WorkingDirectory={layout.checkout}
EnvironmentFile=-{layout.checkout}/.env
Environment=PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1
SyslogIdentifier=%N
ExecStart={layout.state}/run {arguments}
Restart=on-failure
RestartSec=2
# 3: it cannot run with its settings; starting it again would not help.
RestartPreventExitStatus=3
# It gives a sign of life each second, also while a handler is stuck or the store is away.
WatchdogSec=30
# SIGTERM goes to the service, which ends what it started; what is left gets SIGKILL.
KillMode=mixed
TimeoutStopSec=15

{hardening}"""
    return text + (f"\n[Install]\nWantedBy={TARGET}\n" if install else "")


def _operations(layout: Layout) -> str:
    text = _service(layout, "DuraPy operations", "operations", install=True)
    if layout.run_as:  # to quote from the log of a service that does not start
        text = text.replace("\nUser=", "\nSupplementaryGroups=systemd-journal\nUser=", 1)
    return text


def _polkit_rule(user: str) -> str:
    return f"""// Written by `durapy systemd install`.
// Lets {user} start and stop the services of DuraPy, and no other unit.
polkit.addRule(function (action, subject) {{
    if (action.id === "org.freedesktop.systemd1.manage-units" && subject.user === "{user}" &&
        /^durapy(-web|(-next)?@[a-z][a-z0-9_]*)[.]service$/.test(action.lookup("unit")) &&
        /^(start|stop|restart|kill|reset-failed)$/.test(action.lookup("verb"))) {{
        return polkit.Result.YES;
    }}
}});
"""


def _run_script(layout: Layout) -> str:
    mode = "" if layout.run_as else " --user"
    hosts = "".join(f" --host {host}" for host in layout.hosts)
    return f"""#!/bin/sh
# Run a part of the rig: `run current NAME`, `run next NAME`, `run operations`.
# Written by `durapy systemd install`. A link current/NAME names the revision that a service was
# rolled out to; without one it runs from the checkout. Relative settings mean the same in both.

set -eu
checkout={layout.checkout}
state={layout.state}
root=$checkout

case "$1" in
    operations) exec "$root/.venv/bin/durapy" systemd serve{mode}{hosts} ;;
    current | next) link=$state/$1/$2 ;;
    *) echo "run: $1 is none of current, next, operations" >&2 && exit 2 ;;
esac
if [ -L "$link" ] || [ "$1" = next ]; then
    # The folder itself, not the link: the process keeps to it when the link moves on.
    root=$(cd -P "$link" && pwd)
fi
if [ "$root" != "$checkout" ]; then
    export DURAPY_SERVICES_DIR="$root/services"
fi
case "$2" in
    webserver) exec "$root/.venv/bin/python" -P -m webserver ;;
    *) exec "$root/.venv/bin/durapy" run "$2" ;;
esac
"""


_HEADER: Final = """\
# Written by `durapy systemd install`, which writes it anew. For changes of your own:
# `systemctl edit UNIT` makes a file beside it that is kept."""

_USER_HARDENING: Final = """\
# More would need namespaces, which take a user's own services the groups of serial devices.
NoNewPrivileges=yes
LockPersonality=yes
"""

_SYSTEM_HARDENING: Final = """\
# Serial and USB devices stay within reach of a user in their group: dialout, plugdev, video.
# PrivateTmp hides /tmp, where a display has its socket: PrivateTmp=no for a service that draws.
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=full
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
LockPersonality=yes
RestrictSUIDSGID=yes
"""
