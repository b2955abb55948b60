"""Has a session that cannot be taken up again, as its lens is found once, and a lens that falls."""

from durapy_core import Command, Context, Controller, Service, session_label


class FocusCommand(Command):
    """Begins a session."""

    subject: str = session_label("", title="Subject")


class EndFocusCommand(Command):
    """Ends it."""


class TurnCommand(Command):
    """Turns the lens."""


class Lens(Controller):
    """Fails when it is restored."""

    def __init__(self, start: FocusCommand, ctx: Context) -> None:
        if ctx.restored:
            raise RuntimeError("the lens is not where it was")


service = Service("brittle")
service.session(Lens, begins=FocusCommand, ends=EndFocusCommand)


@service.on(TurnCommand)
def turn(command: TurnCommand, ctx: Context) -> None:
    """Fail."""
    raise RuntimeError("the lens fell")
