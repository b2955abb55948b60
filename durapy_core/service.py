"""A service: its name, its handlers, its session. Only wiring; nothing runs here."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from durapy_core.catalog import CommandCatalog, PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.context import Context, ServiceContext
from durapy_core.controller import Controller, check_controller, heard_by, heard_once_by
from durapy_core.errors import RegistrationError
from durapy_core.failures import name_of
from durapy_core.status import RolloutWay
from durapy_core.wiring import check_command_class, check_function, check_parameter

B = TypeVar("B", bound=Command)
C = TypeVar("C", bound=Command)

Handler = Callable[[C, Context], None]
Hook = Callable[[ServiceContext], None]

_NAME: Final = re.compile(r"_?[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """How a service takes part in sessions.

    Attributes:
        controller: makes the controller from the initiating command and a context.
        restore: whether a controller is built anew after a restart.
        begins, ends: the commands that begin and end a session.
        methods: the command classes that the controller hears, with the methods' names.
        once: those among them whose methods are never called twice for one record.
    """

    controller: Callable[[Any, Context], Controller]
    restore: bool
    begins: type[Command]
    ends: type[Command]
    methods: dict[type[Command], str]
    once: frozenset[type[Command]] = frozenset()


class Service:
    """A named program that hears commands. `durapy run NAME` runs the one in services/NAME.

    >>> service = Service("ponger", sends=[PongCommand])
    >>> service.session(Ponger, begins=InitiateSessionCommand, ends=EndSessionCommand)
    """

    def __init__(
        self,
        name: str,
        *,
        sends: Iterable[type[Command]] = (),
        engines: Collection[str] | None = None,
        safe: Hook | None = None,
        rollout: RolloutWay = "beside",
    ) -> None:
        """Make a service without handlers.

        Args:
            name: the name of its folder: small letters, digits and _.
            sends: the commands it sends beside those it hears, so that the console knows them too.
            engines: the schemes of the engines it may run on, such as {"memory"}; None for all.
            safe: is called, before `on_start`, when this process takes over from one that died:
                bring the hardware into a safe state here, as the other may have left a valve open.
                If it raises, the service does not start.
            rollout: "stop_first" if a second process of it cannot even stand by, as when it takes
                a device at import; then a rollout ends the old one before it starts the new one.

        Raises:
            RegistrationError: the name is not allowed, `sends` holds no command class, or `safe`
                cannot be called with a context.
        """
        if not is_service_name(name):
            raise RegistrationError(
                f"{name!r} cannot be the name of a service; "
                "use small letters, digits and _, beginning with a letter."
            )
        self.name = name
        self.engines = engines
        self.catalog = CommandCatalog()
        self.handlers: dict[type[Command], Handler[Any]] = {}
        self.once: set[type[Command]] = set()
        self.safe = safe
        self.rollout = rollout
        self.plan: SessionPlan | None = None
        self.start_hooks: list[Hook] = []
        self.stop_hooks: list[Hook] = []
        self.safe_state_hooks: list[Hook] = []
        if safe is not None:
            check_function(name_of(safe), safe, ("ctx",))
        self._sends = tuple(sends)
        for command_class in self._sends:
            check_command_class("Service(sends=…)", command_class)
            self.catalog.add(command_class)

    def on(
        self, command_class: type[C], *, redeliver: bool = True
    ) -> Callable[[Handler[C]], Handler[C]]:
        """Register a function for a command, heard whether a session is open or not.

        The function is called with the command and a `Context`, one command at a time, in the
        order of the log. If it raises, that is logged and the service goes on.

        Args:
            command_class: what it hears.
            redeliver: False if the function must never be called twice for one record, as when it
                gives a reward. That it begins is then written to the store first, one round trip;
                a record whose handler a dying process had begun is reported `interrupted`.

        Raises:
            RegistrationError: the command has a handler already, or the function cannot be called
                with a command and a context.
        """
        check_command_class("@service.on", command_class)

        def register(function: Handler[C]) -> Handler[C]:
            where = name_of(function)
            check_function(where, function, ("command", "ctx"))
            check_parameter(where, function, command_class, position=0)
            self._check_free(command_class, where)
            self.catalog.add(command_class)
            self.handlers[command_class] = function
            if not redeliver:
                self.once.add(command_class)
            return function

        return register

    def session(
        self,
        controller: Callable[[B, Context], Controller],
        *,
        begins: type[B],
        ends: type[Command],
    ) -> None:
        """Give the service a session: `controller` is made by `begins` and let go by `ends`.

        The ending command runs its own `@on` method, if there is one, and then `stop`.

        Raises:
            RegistrationError: the service has a session already, `begins` is `ends`, one of the
                commands has a handler already, or the controller cannot be called.
        """
        check_command_class("session(begins=…)", begins)
        check_command_class("session(ends=…)", ends)
        controller_class = cast("type[Controller]", controller)
        check_controller(controller_class, begins)
        methods = heard_by(controller_class)
        once = heard_once_by(controller_class)
        name = controller_class.__name__
        self._check_plan(name, begins, ends, methods)
        if ends in once:
            raise RegistrationError(
                f"{name}.{methods[ends]} cannot have redeliver=False: {ends.__name__} ends the "
                "session, and a session that began must end."
            )
        heard: list[type[Command]] = [begins, *methods, *([] if ends in methods else [ends])]
        for command_class in heard:
            self._check_free(command_class, name)
            self.catalog.add(command_class)
        self.plan = SessionPlan(
            controller=controller,
            restore=controller_class.restore,
            begins=begins,
            ends=ends,
            methods=methods,
            once=once,
        )

    def on_start(self, function: Hook) -> Hook:
        """Register a function that is called before the first record: open devices here.

        It is called when this process leads the service, so a standby touches no device; and again
        should it lead once more after another process had taken over. If it raises, the service
        does not start. Several are called in the order of registration.

        Raises:
            RegistrationError: it cannot be called with a context.
        """
        check_function(name_of(function), function, ("ctx",))
        self.start_hooks.append(function)
        return function

    def on_stop(self, function: Hook) -> Hook:
        """Register a function that is called after the last record: close devices here.

        Several are called in the reverse order of registration; one that raises is logged.

        Raises:
            RegistrationError: it cannot be called with a context.
        """
        check_function(name_of(function), function, ("ctx",))
        self.stop_hooks.append(function)
        return function

    def on_safe_state(self, function: Hook) -> Hook:
        """Register a function that is called when somebody enters the safe state: make safe here.

        It is called in the process that leads, on a thread of its own, within 250 ms, even while a
        handler sleeps or computes in Python; code in C that holds the interpreter lock delays it.
        Again, each time the safe state is entered anew; and after `on_start` if it is engaged
        then. So it must be thread-safe (a handler may be using the device at this very moment),
        idempotent, and short: no waiting, no call that a busy handler could block. Several are
        called in the order of registration, all of them even if one raises; then the service is
        reported as failed.

        Raises:
            RegistrationError: it cannot be called with a context.
        """
        check_function(name_of(function), function, ("ctx",))
        self.safe_state_hooks.append(function)
        return function

    def check_engine(self, url: str) -> None:
        """Return if the service may run on the engine of this URL.

        Raises:
            RegistrationError: it may not.
        """
        scheme = url.partition("://")[0].lower()
        if self.engines is not None and scheme not in self.engines:
            usable = " or ".join(f"--engine {scheme}://" for scheme in sorted(self.engines))
            raise RegistrationError(f'"{self.name}" does not run on {scheme}://; give it {usable}.')

    def publish(self) -> PublishedCatalog:
        """Return what the console and the command line are to know of this service."""
        types = (publish_type(known, self._roles(known)) for known in self.catalog)
        return PublishedCatalog(service=self.name, types=tuple(types))

    def _roles(self, command_class: type[Command]) -> list[Role]:
        plan = self.plan
        parts = {
            Role.BEGINS: plan is not None and command_class is plan.begins,
            Role.ENDS: plan is not None and command_class is plan.ends,
            Role.HANDLES: command_class in self.handlers
            or (plan is not None and command_class in plan.methods),
            Role.SENDS: command_class in self._sends,
        }
        return [role for role, plays in parts.items() if plays]

    def _check_free(self, command_class: type[Command], where: str) -> None:
        other = self.handlers.get(command_class)
        plan = self.plan
        if other is not None:
            taken = name_of(other)
        elif plan and command_class in (plan.begins, plan.ends, *plan.methods):
            taken = f"the session of {name_of(plan.controller)}"
        else:
            return
        raise RegistrationError(
            f"{taken} and {where} both hear {command_class.__name__} in the service "
            f'"{self.name}"; keep one.'
        )

    def _check_plan(
        self,
        name: str,
        begins: type[Command],
        ends: type[Command],
        methods: dict[type[Command], str],
    ) -> None:
        if self.plan is not None:
            raise RegistrationError(
                f'The service "{self.name}" has a session already, of '
                f"{name_of(self.plan.controller)}; {name} needs a service of its own."
            )
        if begins is ends:
            raise RegistrationError(f"{begins.__name__} cannot both begin and end a session.")
        if begins in methods:
            raise RegistrationError(
                f"{name}.{methods[begins]} would never hear {begins.__name__}: "
                "the command that begins a session goes to the constructor."
            )


def is_service_name(name: str) -> bool:
    """Return whether a service may be called that; a leading underscore hides it."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


_LONGEST_NAME: Final = 63
