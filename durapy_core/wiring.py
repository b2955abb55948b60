"""Checks of a service's wiring: mistakes are found when it is built, not at the first command."""

import inspect
import typing
from collections.abc import Callable

from durapy_core.command import Command
from durapy_core.errors import RegistrationError


def check_command_class(where: str, value: object) -> None:
    """Refuse what is not a command class.

    Raises:
        RegistrationError: `value` is no class that derives from Command.
    """
    if not (isinstance(value, type) and issubclass(value, Command)) or value is Command:
        raise RegistrationError(
            f"{where} takes a command class, as in {where}(PingCommand), not {value!r}."
        )


def check_function(where: str, function: Callable[..., object], takes: tuple[str, ...]) -> None:
    """Refuse a function that the runtime could not call with the arguments named in `takes`.

    Raises:
        RegistrationError: it is not callable that way, or calling it would only make a coroutine
            or a generator.
    """
    if not callable(function):
        raise RegistrationError(f"{where} is not callable: {function!r}.")
    if _is_lazy(function) or _is_lazy(getattr(function, "__call__", None)):  # noqa: B004 (looked at)
        raise RegistrationError(
            f"{where} is asynchronous or a generator; handlers are plain functions, "
            "and what takes long goes to ctx.spawn(…)."
        )
    try:
        signature = inspect.signature(function)
    except ValueError:  # some callables written in C have none
        return
    try:
        signature.bind(*takes)
    except TypeError as error:
        raise RegistrationError(
            f"{where}{signature} cannot be called with ({', '.join(takes)}): {error}."
        ) from error


def check_parameter(
    where: str, function: Callable[..., object], command_class: type[Command], *, position: int
) -> None:
    """Refuse a function whose parameter is annotated with another command class.

    mypy finds the same; this is for those who do not run it.

    Raises:
        RegistrationError: the annotation is a command class that `command_class` is not one of.
    """
    try:
        hints = typing.get_type_hints(function)
        name = list(inspect.signature(function).parameters)[position]
    except (NameError, TypeError, ValueError, IndexError, AttributeError):
        return  # not annotated, or with names that exist for mypy only
    annotated = hints.get(name)
    if isinstance(annotated, type) and issubclass(annotated, Command):
        if issubclass(command_class, annotated):
            return
        raise RegistrationError(
            f"{where} is registered for {command_class.__name__}, "
            f"but its parameter {name!r} is a {annotated.__name__}."
        )


def _is_lazy(function: object) -> bool:
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    )
