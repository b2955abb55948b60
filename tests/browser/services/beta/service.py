"""Knows a command differently than the service beside it, and one that nobody else knows."""

from durapy_core import Command, Context, Service


class DisputedCommand(Command):
    """Is known in two ways."""

    amount: str


class LonelyCommand(Command, actuates=True):
    """Is heard by one service."""


service = Service("beta")


@service.on(DisputedCommand)
def hear(command: DisputedCommand, ctx: Context) -> None:
    """Do nothing."""


@service.on(LonelyCommand)
def hear_too(command: LonelyCommand, ctx: Context) -> None:
    """Do nothing."""
