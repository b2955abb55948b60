"""The verbs that ask somebody else to act: `restart`, `link`."""

from typing import Annotated

import typer

from durapy_core import operations
from durapy_core.cli.output import print_json, print_lines
from durapy_core.cli.rig import open_rig, sender
from durapy_core.errors import DeployError
from durapy_core.login_code import address_of, make_link, mint, published_address
from durapy_core.settings import Settings, load_settings


def restart(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the service's name")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Restart a service and wait until it runs again."""
    with open_rig() as engine:
        key = operations.request(engine, "restart", name, by=sender())
        state = None
        for state in operations.follow(engine, key):
            if state.message and not as_json and state.state == "requested":
                print_lines(state.message)
    if state is None or state.state != "done":
        raise DeployError(state.message if state else f"restart {name}: no outcome")
    if as_json:
        print_json(state.model_dump(mode="json"))
    else:
        print_lines(state.message)


def link() -> None:
    """Print a link that signs a browser in to the console: good once, for 10 minutes."""
    settings = load_settings(Settings)
    with open_rig() as engine:
        address = published_address(engine) or address_of(settings.host, settings.port)
        print_lines(make_link(address, mint(engine)))
