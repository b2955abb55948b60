"""Calling a service's own code: what it raises is reported, and never leaves this file."""

from collections.abc import Callable
from typing import Any, TypeVar

from durapy_core.failures import Failure, FailureHook, name_of
from durapy_core.outbox import Outbox
from durapy_core.tasks import JOIN_S, TaskGroup

R = TypeVar("R")


class Caller:
    """Calls handlers, controllers and hooks of one replica."""

    def __init__(self, outbox: Outbox, on_failure: FailureHook) -> None:
        self.outbox = outbox
        self.on_failure = on_failure

    def call(self, function: Callable[..., object], *arguments: Any, key: str | None) -> bool:
        """Call a function and return whether it went well; if not, that has been reported."""
        try:
            function(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (reported; the loop goes on)
            self.fail(function, error, key=key)
            return False
        return True

    def make(self, make: Callable[..., R], *arguments: Any, key: str | None) -> R | None:
        """Return what a constructor makes; None if it raised, which has been reported."""
        try:
            return make(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (reported; the loop goes on)
            self.fail(make, error, key=key)
            return None

    def fail(
        self, function: Callable[..., object], error: BaseException, *, key: str | None
    ) -> None:
        """Report what a function raised."""
        self.on_failure(Failure(what=name_of(function), key=key, error=error))

    def make_tasks(self, owner: str) -> TaskGroup:
        """Return a new group for the background work of a session or a service."""
        return TaskGroup(owner, on_failure=self.on_failure)

    def join(self, tasks: TaskGroup, *, key: str | None = None, limit_s: float = JOIN_S) -> None:
        """Ask background work to stop and wait for it; what does not end in time is named."""
        tasks.ask_to_stop()
        for name in tasks.join(limit_s):
            self.outbox.log.bind(key=key).error(
                "background work {name} did not end with {owner} and is cut off from sending; "
                "let it return when task.stopping is True",
                name=name,
                owner=tasks.owner,
            )
