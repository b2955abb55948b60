"""`durapy systemd`: the rig as units of systemd, here or on another computer."""

import os
import pwd
from pathlib import Path
from typing import Annotated, Final

import typer

from durapy_core.cli.operate import Session, WhenSessionEnds, make_wishes
from durapy_core.cli.output import print_lines, print_table
from durapy_core.cli.rig import open_rig
from durapy_core.cli.systemd_serve import serve_operations
from durapy_core.deploy.base import Replica
from durapy_core.deploy.hosts import open_host
from durapy_core.deploy.systemd import SystemdManager
from durapy_core.deploy.systemd_install import Plan, carry_out, plan_install, plan_uninstall
from durapy_core.deploy.systemd_rollout import SystemdRollouts
from durapy_core.deploy.systemd_several import SeveralRollouts
from durapy_core.deploy.systemd_units import Layout, make_layout, render_files
from durapy_core.errors import (
    DeployError,
    EngineUnavailableError,
    ServiceError,
    SettingsError,
)
from durapy_core.loader import find_services
from durapy_core.operations import Verb, Wishes
from durapy_core.operations.gate import await_leave
from durapy_core.settings import Settings, load_settings, user_units_dir

systemd = typer.Typer(
    name="systemd",
    help="Run the rig under systemd: on hosts without Docker, and next to hardware drivers.",
    no_args_is_help=True,
    add_completion=False,
)

_ANYBODY: Final = "nobody"
"""Whom the services ran as does not matter when they go."""

_COLUMNS: Final = ("SERVICE", "STATE", "SINCE", "RESTARTS", "ENDED", "UNIT")

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME…]", help="only these services, no console")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="the service's name")]
OfUser = Annotated[bool, typer.Option("--user", help="The user's own systemd.")]
RunAs = Annotated[
    str, typer.Option(metavar="USER", help="Whom the services run as; the checkout's owner.")
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="URL", help="A computer beside this one: ssh://USER@HOST."),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A service that runs elsewhere; may be given again."),
]
HostUrl = Annotated[
    str | None, typer.Option("--host", metavar="URL", help="Another computer: ssh://USER@HOST.")
]


@systemd.command()
def render(
    names: Names = None, *, user: OfUser = False, run_as: RunAs = "", host: Hosts = None
) -> None:
    """Print the files of an installation; nothing is written."""
    for path, text in render_files(_layout(names, user=user, run_as=run_as, hosts=host)).items():
        typer.echo(f"# --- {path}\n{text}")


@systemd.command()
def install(  # noqa: PLR0913 (one parameter for each option)
    names: Names = None,
    *,
    user: OfUser = False,
    run_as: RunAs = "",
    host: Hosts = None,
    skip: Skip = None,
    now: Annotated[bool, typer.Option("--now", help="Start the rig as well.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what is to be done.")
    ] = False,
) -> None:
    """Install the rig as units that start with the computer; again after a change of services."""
    layout = _layout(names, user=user, run_as=run_as, hosts=host)
    skipped = _known(skip)
    services = [name for name in _known(names) or _services() if name not in skipped]
    plan = plan_install(layout, services, now=now)
    _do(plan, layout, dry_run=dry_run)
    if not dry_run:
        systemctl = "systemctl --user" if user else "sudo systemctl"
        print_lines(
            f"Installed in {layout.units}.",
            f"start or stop the rig:  {systemctl} start|stop durapy.target",
            f"how it is:              scripts/durapy systemd status{' --user' if user else ''}",
        )
        if user:
            print_lines("at boot, without a login: loginctl enable-linger")


@systemd.command()
def uninstall(
    *,
    user: OfUser = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what is to be done.")
    ] = False,
) -> None:
    """Stop the rig and remove its units; the history stays."""
    layout = _layout(None, user=user, run_as=_ANYBODY, hosts=None)
    _do(plan_uninstall(layout), layout, dry_run=dry_run)


@systemd.command()
def status(*, user: OfUser = False, host: HostUrl = None) -> None:
    """Show the rig's units as systemd sees them; `durapy ps` shows what services say."""
    manager = SystemdManager(open_host(host), user=user)
    print_table(_COLUMNS, map(_row, manager.replicas()))


@systemd.command()
def start(name: Name, *, user: OfUser = False, host: HostUrl = None) -> None:
    """Start a service and return once it is ready."""
    SystemdManager(open_host(host), user=user).start(name)
    print_lines(f"{name} was started")


@systemd.command()
def stop(
    name: Name,
    *,
    user: OfUser = False,
    host: HostUrl = None,
    session: Session = None,
    when_session_ends: WhenSessionEnds = False,
) -> None:
    """Stop a service; it stays stopped until it is started, or the computer starts anew."""
    manager = SystemdManager(open_host(host), user=user)
    _await_leave("stop", name, manager, make_wishes(session, when_session_ends))
    manager.stop(name)
    print_lines(f"{name} was stopped")


@systemd.command()
def restart(
    name: Name,
    *,
    user: OfUser = False,
    host: HostUrl = None,
    session: Session = None,
    when_session_ends: WhenSessionEnds = False,
) -> None:
    """Restart a service and return once it is ready."""
    manager = SystemdManager(open_host(host), user=user)
    _await_leave("restart", name, manager, make_wishes(session, when_session_ends))
    manager.restart(name)
    print_lines(f"{name} was restarted")


@systemd.command()
def serve(*, user: OfUser = False, host: Hosts = None) -> None:
    """Carry out what the console asks for, until SIGTERM; durapy-operations.service runs this."""
    here = SystemdRollouts(open_host(None), user=user)
    others = [SystemdRollouts(open_host(url)) for url in host or ()]
    serve_operations(SeveralRollouts([here, *others]))


def _await_leave(verb: Verb, name: str, manager: SystemdManager, wishes: Wishes) -> None:
    """Return once the rig's session allows this, as it must for `durapy stop`.

    Raises:
        DeployError: the session forbids it, or nobody knows of one.
        ServiceNotFoundError: there is no such service.
    """
    unit = manager.find(name)
    try:
        with open_rig() as engine:
            await_leave(engine, verb, name, wishes, say=print_lines)
    except (EngineUnavailableError, SettingsError) as error:
        raise DeployError(
            f"Whether {name} is in a session is not known: {error} "
            f"`systemctl {verb} {unit}` on {manager.host.name} asks nobody."
        ) from error


def _layout(names: list[str] | None, *, user: bool, run_as: str, hosts: list[str] | None) -> Layout:
    for url in hosts or ():
        open_host(url)  # a wrong one is refused here
    checkout = Path.cwd()
    if not (checkout / "durapy_core").is_dir():
        raise SettingsError(f"{checkout} is no checkout of DuraPy; go to its folder first.")
    if user and os.geteuid() == 0:
        raise DeployError("--user is for an ordinary user, not for root.")
    _known(names)
    return make_layout(
        checkout,
        user_units=user_units_dir() if user else None,
        run_as="" if user else _user(run_as, checkout),
        whole=not names,
        hosts=tuple(hosts or ()),
    )


def _user(name: str, checkout: Path) -> str:
    """Return whom the services run as: who is named, else the owner of the checkout."""
    try:
        return (pwd.getpwnam(name) if name else pwd.getpwuid(checkout.stat().st_uid)).pw_name
    except KeyError as error:
        raise SettingsError(
            f"This computer knows no user {name or checkout.stat().st_uid}; name one with --run-as."
        ) from error


def _services() -> list[str]:
    return find_services(load_settings(Settings).services_dir)


def _known(names: list[str] | None) -> list[str]:
    """Return the names, once each of them is a service's."""
    services = _services()
    for name in names or ():
        if name not in services:
            raise ServiceError(f'No service is called "{name}"; there are {", ".join(services)}.')
    return names or []


def _do(plan: Plan, layout: Layout, *, dry_run: bool) -> None:
    if not dry_run:
        carry_out(plan, layout)
        return
    print_lines(*(f"run     {' '.join(argv)}" for argv in plan.before))
    print_lines(*(f"remove  {path}" for path in plan.gone))
    print_lines(*(f"write   {path}" for path in plan.files))
    print_lines(*(f"run     {' '.join(argv)}" for argv in plan.after))


def _row(replica: Replica) -> tuple[str, ...]:
    since = replica.started_at
    return (
        replica.service,
        replica.state,
        since.astimezone().strftime("%Y-%m-%d %H:%M:%S") if since else "",
        str(replica.restarts),
        replica.ended or "",
        replica.name,
    )
