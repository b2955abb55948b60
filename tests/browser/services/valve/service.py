"""Has something to make safe, and does."""

from durapy_core import Command, Context, Service, ServiceContext


class OpenValveCommand(Command, actuates=True, confirm=True, group="Valve"):
    """Opens the valve."""


service = Service("valve")


@service.on(OpenValveCommand)
def open_valve(command: OpenValveCommand, ctx: Context) -> None:
    """Do nothing."""


@service.on_safe_state
def close_valve(ctx: ServiceContext) -> None:
    """Do nothing, which is safe."""
