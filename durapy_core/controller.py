"""Controllers: state that lives for one session, and the methods that hear commands meanwhile."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from durapy_core.command import Command
from durapy_core.context import Context
from durapy_core.errors import RegistrationError
from durapy_core.failures import name_of
from durapy_core.wiring import check_command_class, check_function, check_parameter

T = TypeVar("T", bound="Controller")
C = TypeVar("C", bound=Command)

_MARK = "_durapy_hears"
_ONCE = "_durapy_once"


class Controller:
    """Base class of every controller: made by the command that begins a session.

    Its constructor takes that command and a `Context`. If it raises, no session is begun.
    Methods marked with `@on` hear commands until the session ends.

    Attributes:
        restore: False if an instance must not be built anew from the initiating record when the
            service is started while the session is open. The session then goes on without it.
    """

    restore: ClassVar[bool] = True

    def __init__(self, start: Command, ctx: Context) -> None:
        """Take the initiating command; a subclass without a constructor needs nothing of it."""

    def stop(self, ctx: Context) -> None:
        """Release what the session holds. Called once, after its background work has ended.

        `ctx.reason` says why. What the session spawned is over; nothing can be spawned here.
        """


def on(
    command_class: type[C], *, redeliver: bool = True
) -> Callable[[Callable[[T, C, Context], None]], Callable[[T, C, Context], None]]:
    """Mark a controller's method as the one that hears a command while the session is open.

    The method is called with the command and a `Context`, one command at a time, in log order. A
    subclass that overrides it need not mark it again.

    Args:
        command_class: what it hears.
        redeliver: False if it must never be called twice for one record, as when it gives a
            reward: see `Service.on`.

    Raises:
        RegistrationError: `command_class` is no command class, or the method is marked already.
    """
    check_command_class("@on", command_class)

    def mark(method: Callable[[T, C, Context], None]) -> Callable[[T, C, Context], None]:
        if hasattr(method, _MARK):
            raise RegistrationError(
                f"{name_of(method)} is marked with @on twice; write one method for each command."
            )
        setattr(method, _MARK, command_class)
        setattr(method, _ONCE, not redeliver)
        return method

    return mark


def heard_by(controller_class: type[Controller]) -> dict[type[Command], str]:
    """Return the command classes that a controller's methods hear, with the methods' names.

    Raises:
        RegistrationError: two methods hear one command, or one cannot be called with it.
    """
    marks: dict[str, type[Command]] = {}
    for base in reversed(controller_class.__mro__):
        for name, value in vars(base).items():
            if command_class := getattr(value, _MARK, None):
                marks[name] = command_class
    heard: dict[type[Command], str] = {}
    for name, command_class in marks.items():
        if command_class in heard:
            raise RegistrationError(
                f"{controller_class.__name__}.{heard[command_class]} and "
                f"{controller_class.__name__}.{name} both hear {command_class.__name__}; keep one."
            )
        heard[command_class] = name
        _check_method(controller_class, name, command_class)
    return heard


def heard_once_by(controller_class: type[Controller]) -> frozenset[type[Command]]:
    """Return the command classes whose methods are marked with `redeliver=False`."""
    marked = (value for base in controller_class.__mro__ for value in vars(base).values())
    return frozenset(getattr(value, _MARK) for value in marked if getattr(value, _ONCE, False))


def check_controller(controller_class: type[Controller], begins: type[Command]) -> None:
    """Refuse a controller whose constructor or `stop` the runtime could not call.

    Raises:
        RegistrationError: it is no controller class, or takes other arguments.
    """
    if not (isinstance(controller_class, type) and issubclass(controller_class, Controller)):
        raise RegistrationError(
            f"session() takes a class that derives from Controller, not {controller_class!r}."
        )
    name = controller_class.__name__
    check_function(name, controller_class, ("start", "ctx"))
    check_parameter(f"{name}.__init__", controller_class.__init__, begins, position=1)
    check_function(f"{name}.stop", controller_class.stop, ("self", "ctx"))


def _check_method(owner: type[Controller], name: str, command_class: type[Command]) -> None:
    method = getattr(owner, name)
    where = f"{owner.__name__}.{name}"
    check_function(where, method, ("self", "command", "ctx"))
    check_parameter(where, method, command_class, position=1)
