"""The verb `revisions`: what could be deployed, and what is."""

from typing import Annotated

import typer

from durapy_core.cli.output import print_json, print_lines, print_table
from durapy_core.cli.rig import open_rig
from durapy_core.deploy.overview import Deployed, Deployment, load_deployment
from durapy_core.errors import DeployError, ManagerUnavailableError

_SEEN_AGO_S = 30.0


def revisions(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="only this service")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what runs where, and the branches and tags that can be rolled out."""
    with open_rig() as engine:
        found = load_deployment(engine)
    if found is None or found[1] > _SEEN_AGO_S:
        raise ManagerUnavailableError(
            "Nobody here knows revisions: no deployer is running. "
            "Start it with `docker compose up -d deployer`."
        )
    deployment = found[0]
    services = tuple(s for s in deployment.services if name in ("", s.service))
    if name and not services:
        raise DeployError(f'No service called "{name[:64]}" was ever started here.')
    if as_json:
        print_json(deployment.model_copy(update={"services": services}).model_dump(mode="json"))
        return
    print_table(("SERVICE", "STATE", "REVISION", "CHECKOUT", "BEFORE"), map(_row, services))
    _print_code(deployment)


def _row(service: Deployed) -> tuple[str, ...]:
    return (service.service, service.state, service.revision, _distance(service), service.previous)


def _distance(service: Deployed) -> str:
    if service.ahead is None or service.behind is None:
        return ""
    if not service.ahead and not service.behind:
        return "the same"
    ahead = f"{service.ahead} ahead" if service.ahead else ""
    behind = f"{service.behind} behind" if service.behind else ""
    return ", ".join(filter(None, (ahead, behind)))


def _print_code(deployment: Deployment) -> None:
    for missing in deployment.missing:
        print_lines(f"not deployed: {missing.service}; start it with `{missing.command}`")
    for orphan in deployment.orphans:
        print_lines(f"left over: {orphan} runs, and docker-compose.yml has no such service")
    if deployment.problem:
        print_lines(deployment.problem)
        return
    changed = ", with changes on disk" if deployment.changed else ""
    print_lines("", f"The checkout is on {deployment.branch or 'no branch'}{changed}.")
    rows = [(ref.name, ref.commit[:7], ref.at[:10], ref.subject) for ref in deployment.refs]
    print_table(("REVISION", "COMMIT", "DATE", "SUBJECT"), rows)
