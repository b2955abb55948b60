"""The ponger: the smallest whole service."""

from durapy_core import Context, Controller, Service, on
from services.commands import (
    EndSessionCommand,
    InitiateSessionCommand,
    PingCommand,
    PongCommand,
)


class Ponger(Controller):
    """Answers each ping of the session with its key reversed."""

    def __init__(self, start: InitiateSessionCommand, ctx: Context) -> None:
        self.prefix = start.prefix

    @on(PingCommand)
    def answer(self, ping: PingCommand, ctx: Context) -> None:
        """Answer a ping whose key begins with the session's prefix."""
        if ping.key.startswith(self.prefix):
            ctx.send(PongCommand(input_key=ping.key, output_key=ping.key[::-1]))


service = Service("ponger", sends=[PongCommand])
service.session(Ponger, begins=InitiateSessionCommand, ends=EndSessionCommand)
