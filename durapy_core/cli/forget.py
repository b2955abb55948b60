"""`durapy forget`: removing a service that is gone for good."""

from typing import Annotated

import typer

from durapy_core import forget as forgetting
from durapy_core.cli.output import print_lines
from durapy_core.cli.rig import open_rig


def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the service's name")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Also while a session is open in it.")] = False,
) -> None:
    """Remove a service that is gone for good from the rig; its history stays."""
    with open_rig() as engine:
        forgetting.forget(engine, name, in_session=yes)
    print_lines(f"{name} is forgotten: its cursor, lease, catalog and status are removed.")
