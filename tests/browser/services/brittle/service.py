"""Has a session that cannot be taken up again: its lens is found once."""

from durapy_core import Command, Context, Controller, Service, session_label


class FocusCommand(Command):
    """Begins a session."""

    subject: str = session_label("", title="Subject")


class EndFocusCommand(Command):
    """Ends it."""


class Lens(Controller):
    """Fails when it is restored."""

    def __init__(self, start: FocusCommand, ctx: Context) -> None:
        if ctx.restored:
            raise RuntimeError("the lens is not where it was")


service = Service("brittle")
service.session(Lens, begins=FocusCommand, ends=EndFocusCommand)
