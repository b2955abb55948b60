from collections.abc import Callable
from typing import Any, TypeVar, cast

import pytest

from durapy_core import Context, Controller, Service, on
from durapy_core.command import Command
from durapy_core.controller import heard_by
from durapy_core.errors import RegistrationError
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand

F = TypeVar("F")


def untyped_on(command_class: type[Command]) -> Callable[[F], F]:
    """Mark a method as code that is not checked by mypy does."""
    return cast("Callable[[F], F]", on(command_class))


class Hearing(Controller):
    """Hears hints."""

    @on(HintCommand)
    def hint(self, command: HintCommand, ctx: Context) -> None:
        """Hear a hint."""


def test_a_subclass_hears_what_its_base_hears_even_where_it_overrides() -> None:
    class More(Hearing):
        def hint(self, command: HintCommand, ctx: Context) -> None:
            """Hear it differently."""

        @on(EchoCommand)
        def echo(self, command: EchoCommand, ctx: Context) -> None:
            """Hear an echo."""

    assert heard_by(More) == {HintCommand: "hint", EchoCommand: "echo"}


def test_two_methods_for_one_command_are_refused() -> None:
    class Twice(Hearing):
        @on(HintCommand)
        def again(self, command: HintCommand, ctx: Context) -> None:
            """Hear it as well."""

    with pytest.raises(RegistrationError, match=r"Twice.hint and Twice.again both hear Hint"):
        heard_by(Twice)


def test_a_method_marked_twice_is_refused() -> None:
    with pytest.raises(RegistrationError, match=r"hint is marked with @on twice"):
        on(EchoCommand)(cast("Any", Hearing.hint))


def test_a_method_that_takes_no_context_is_refused() -> None:
    class Short(Controller):
        @untyped_on(HintCommand)
        def hint(self, command: HintCommand) -> None:
            """Take too little."""

    with pytest.raises(RegistrationError, match=r"Short.hint.* cannot be called with"):
        Service("rig").session(Short, begins=BeginCommand, ends=FinishCommand)


def test_an_asynchronous_method_is_refused() -> None:
    class Later(Controller):
        @untyped_on(HintCommand)
        async def hint(self, command: HintCommand, ctx: Context) -> None:
            """Would only make a coroutine."""

    with pytest.raises(RegistrationError, match=r"Later.hint is asynchronous"):
        heard_by(Later)


def test_a_method_annotated_with_another_command_is_refused() -> None:
    class Mixed(Controller):
        @untyped_on(EchoCommand)
        def hint(self, command: HintCommand, ctx: Context) -> None:
            """Expect another command."""

    with pytest.raises(RegistrationError, match=r"Mixed.hint is registered for EchoCommand"):
        heard_by(Mixed)


def test_a_constructor_that_takes_another_command_is_refused() -> None:
    class Wrong(Controller):
        def __init__(self, start: HintCommand, ctx: Context) -> None:
            """Expect another command."""

    with pytest.raises(RegistrationError, match=r"Wrong.__init__ is registered for BeginCommand"):
        Service("rig").session(cast("Any", Wrong), begins=BeginCommand, ends=FinishCommand)


def test_a_constructor_that_takes_no_context_is_refused() -> None:
    class Short(Controller):
        def __init__(self, start: BeginCommand) -> None:
            """Take too little."""

    with pytest.raises(RegistrationError, match=r"Short.* cannot be called with \(start, ctx\)"):
        Service("rig").session(cast("Any", Short), begins=BeginCommand, ends=FinishCommand)


def test_a_stop_that_takes_no_context_is_refused() -> None:
    class Short(Controller):
        def stop(self) -> None:  # type: ignore[override] # the mistake to be found
            """Take too little."""

    with pytest.raises(RegistrationError, match=r"Short.stop"):
        Service("rig").session(Short, begins=BeginCommand, ends=FinishCommand)


def test_a_method_for_the_beginning_command_is_refused() -> None:
    class Deaf(Controller):
        @on(BeginCommand)
        def begin(self, command: BeginCommand, ctx: Context) -> None:
            """Would never be called."""

    with pytest.raises(RegistrationError, match=r"Deaf.begin would never hear BeginCommand"):
        Service("rig").session(Deaf, begins=BeginCommand, ends=FinishCommand)


@pytest.mark.parametrize("given", [int, lambda _start, _ctx: None])
def test_a_session_of_what_is_no_controller_class_is_refused(given: object) -> None:
    with pytest.raises(RegistrationError, match="takes a class that derives from Controller"):
        Service("rig").session(cast("Any", given), begins=BeginCommand, ends=FinishCommand)
