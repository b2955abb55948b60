"""A service to copy: it hears one command, does its thing, and says so."""

from durapy_core import Context, Service, ServiceContext
from services._template.commands import TemplateCommand, TemplateDoneCommand

service = Service("_template", sends=[TemplateDoneCommand])


@service.on_start
def open_device(ctx: ServiceContext) -> None:
    """Open what this service drives: once, before the first command."""
    ctx.log.info("the device is open")


@service.on_stop
def close_device(ctx: ServiceContext) -> None:
    """Put it into its resting state."""
    ctx.log.info("the device is closed")


@service.on(TemplateCommand)
def handle(command: TemplateCommand, ctx: Context) -> None:
    """Do it, and tell everybody."""
    ctx.log.info("done", amount=command.amount)
    ctx.send(TemplateDoneCommand(amount=command.amount))
