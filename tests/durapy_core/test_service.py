from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from durapy_core import Context, Controller, Service, ServiceContext, on
from durapy_core.catalog import Role
from durapy_core.command import Command
from durapy_core.errors import RegistrationError
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand


class Quiet(Controller):
    """Hears nothing."""


def hear(command: HintCommand, ctx: Context) -> None:
    """Hear a hint."""


def untyped(function: object) -> Any:
    """Hand a function over as code that is not checked by mypy does."""
    return cast("Any", function)


@pytest.mark.parametrize("name", ["", "Pinger", "9lives", "a-b", "a.b", "__x", "_", "ä", "a" * 64])
def test_a_service_with_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(RegistrationError, match="cannot be the name of a service"):
        Service(name)


@pytest.mark.parametrize("name", ["pinger", "_example", "camera_2", "a" * 63])
def test_small_letters_digits_and_underscores_name_a_service(name: str) -> None:
    assert Service(name).name == name


def test_two_handlers_for_one_command_are_refused() -> None:
    service = Service("rig")
    service.on(HintCommand)(hear)

    with pytest.raises(RegistrationError, match=r"hear and hear both hear HintCommand .*keep one"):
        service.on(HintCommand)(hear)


def test_a_command_is_heard_by_a_function_or_a_controller_but_not_by_both() -> None:
    class Hearing(Controller):
        @on(HintCommand)
        def hint(self, command: HintCommand, ctx: Context) -> None:
            """Hear a hint."""

    function_first = Service("rig")
    function_first.on(HintCommand)(hear)
    session_first = Service("rig")
    session_first.session(Hearing, begins=BeginCommand, ends=FinishCommand)

    with pytest.raises(RegistrationError, match="hear and Hearing both hear HintCommand"):
        function_first.session(Hearing, begins=BeginCommand, ends=FinishCommand)
    with pytest.raises(RegistrationError, match="the session of Hearing and hear both hear"):
        session_first.on(HintCommand)(hear)


def test_a_session_that_ends_with_its_beginning_is_refused() -> None:
    with pytest.raises(RegistrationError, match="BeginCommand cannot both begin and end"):
        Service("rig").session(Quiet, begins=BeginCommand, ends=BeginCommand)


def test_a_second_session_is_refused() -> None:
    service = Service("rig")
    service.session(Quiet, begins=BeginCommand, ends=FinishCommand)

    with pytest.raises(RegistrationError, match="has a session already, of Quiet"):
        service.session(Quiet, begins=HintCommand, ends=EchoCommand)


def test_two_classes_of_one_wire_type_are_refused() -> None:
    class OtherCommand(Command, type="TEST_HINT"):
        """Takes the name of another."""

    service = Service("rig", sends=[OtherCommand])

    with pytest.raises(RegistrationError, match="both have the wire type TEST_HINT"):
        service.on(HintCommand)(hear)


async def hear_later(command: HintCommand, ctx: Context) -> None:
    """Would only make a coroutine."""


def hear_slowly(command: HintCommand, ctx: Context) -> Iterator[int]:
    """Would only make a generator."""
    yield 1


class LaterCallable:
    """Would only make a coroutine, too."""

    async def __call__(self, command: HintCommand, ctx: Context) -> None:
        """Do nothing yet."""


@pytest.mark.parametrize("function", [hear_later, hear_slowly, LaterCallable()])
def test_an_asynchronous_handler_is_refused(function: object) -> None:
    with pytest.raises(RegistrationError, match="handlers are plain functions"):
        Service("rig").on(HintCommand)(untyped(function))


@pytest.mark.parametrize(
    "function",
    [lambda: None, lambda _command: None, lambda _a, _b, _c: None, lambda *, _a, _b: None],
)
def test_a_handler_that_does_not_take_a_command_and_a_context_is_refused(
    function: Callable[..., None],
) -> None:
    with pytest.raises(RegistrationError, match=r"cannot be called with \(command, ctx\)"):
        Service("rig").on(HintCommand)(untyped(function))


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(RegistrationError, match="is not callable: 7"):
        Service("rig").on(HintCommand)(untyped(7))


def test_a_handler_annotated_with_another_command_is_refused() -> None:
    with pytest.raises(
        RegistrationError, match=r"hear is registered for EchoCommand, but .* is a HintCommand"
    ):
        Service("rig").on(EchoCommand)(untyped(hear))


def test_a_handler_may_take_any_command() -> None:
    def hear_any(command: Command, ctx: Context) -> None:
        """Hear whatever it is."""

    service = Service("rig")
    service.on(HintCommand)(hear_any)
    service.on(EchoCommand)(hear_any)

    assert set(service.handlers) == {HintCommand, EchoCommand}


@pytest.mark.parametrize("given", [hear, "PING", Command, int])
def test_registering_for_what_is_no_command_class_is_refused(given: object) -> None:
    with pytest.raises(RegistrationError, match=r"@service.on takes a command class"):
        Service("rig").on(untyped(given))
    with pytest.raises(RegistrationError, match="takes a command class"):
        Service("rig", sends=[untyped(given)])


def test_a_hook_that_takes_no_context_is_refused() -> None:
    service = Service("rig")

    with pytest.raises(RegistrationError, match=r"cannot be called with \(ctx\)"):
        service.on_start(untyped(lambda: None))
    with pytest.raises(RegistrationError, match=r"cannot be called with \(ctx\)"):
        service.on_stop(untyped(lambda _a, _b: None))


def test_a_service_refuses_engines_that_it_is_not_for() -> None:
    service = Service("_example", engines={"memory"})

    service.check_engine("memory://")
    with pytest.raises(
        RegistrationError, match='"_example" does not run on redis://; give it --engine memory://'
    ):
        service.check_engine("redis://:secret@localhost")


def test_a_service_publishes_what_it_hears_and_sends_with_its_parts() -> None:
    class Ending(Controller):
        @on(FinishCommand)
        def finish(self, command: FinishCommand, ctx: Context) -> None:
            """Hear the end."""

    service = Service("rig", sends=[EchoCommand])
    service.on(HintCommand)(hear)
    service.session(Ending, begins=BeginCommand, ends=FinishCommand)

    published = {each.type: each for each in service.publish().types}

    assert {name: each.roles for name, each in published.items()} == {
        "TEST_ECHO": (Role.SENDS,),
        "TEST_HINT": (Role.HANDLES,),
        "TEST_BEGIN": (Role.BEGINS,),
        "TEST_FINISH": (Role.ENDS, Role.HANDLES),
    }
    assert published["TEST_BEGIN"].schema_["properties"]["name"]["session_label"] is True


def test_hooks_are_kept_in_their_order() -> None:
    service = Service("rig")

    @service.on_start
    def first(ctx: ServiceContext) -> None:
        """Come first."""

    @service.on_start
    def second(ctx: ServiceContext) -> None:
        """Come second."""

    assert service.start_hooks == [first, second]
