"""Knows a command differently than the service beside it."""

from durapy_core import Command, Context, Service


class DisputedCommand(Command):
    """Is known in two ways."""

    amount: float


service = Service("alpha")


@service.on(DisputedCommand)
def hear(command: DisputedCommand, ctx: Context) -> None:
    """Do nothing."""
