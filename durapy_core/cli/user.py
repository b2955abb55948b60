"""`durapy user`: who may sign in to the console by name."""

from enum import StrEnum
from typing import Annotated

import typer

from durapy_core.cli.output import print_lines
from durapy_core.settings import Settings, load_settings, make_data_dir
from durapy_core.users import Users


class Action(StrEnum):
    """What is done to a user."""

    ADD = "add"
    REMOVE = "remove"
    LIST = "list"


def user(
    action: Annotated[Action, typer.Argument(help="what to do")],
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="the user")] = "",
) -> None:
    """Add a user to the console or give one a new password, remove one, or list them.

    The password is asked for. Run it where the console's data folder is.
    """
    settings = load_settings(Settings)
    make_data_dir(settings)
    users = Users(settings.users_path)
    if action is Action.LIST:
        print_lines(*users.names())
        return
    if not name:
        raise typer.BadParameter(f"Say whom: durapy user {action} NAME.")
    if action is Action.REMOVE:
        users.remove(name)
        print_lines(f"{name} cannot sign in any more, and is signed out.")
        return
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    users.add(name, password)
    print_lines(f"{name} may sign in.")
