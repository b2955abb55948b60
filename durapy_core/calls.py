"""Calling a service's own code: what it raises is reported, and never leaves this file."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from durapy_core.context import Context, StopReason
from durapy_core.entry import Entry
from durapy_core.errors import DivergedError, LeaseLostError
from durapy_core.failures import Failure, FailureHook, explain, name_of
from durapy_core.outbox import Outbox
from durapy_core.tasks import JOIN_S, TaskGroup

R = TypeVar("R")


class Caller:
    """Calls handlers, controllers and hooks of one replica.

    Attributes:
        redelivered: whether the record in hand may have been handed over before.
    """

    def __init__(self, outbox: Outbox, on_failure: FailureHook) -> None:
        self.outbox = outbox
        self.redelivered = False
        self._on_failure = on_failure

    def context(
        self,
        entry: Entry,
        tasks: TaskGroup,
        *,
        made: Iterable[Entry] | None = None,
        reason: StopReason | None = None,
    ) -> Context:
        """Return the context in which a record is handled."""
        redelivered = self.redelivered and reason is None
        return Context(entry, self.outbox, tasks, redelivered=redelivered, made=made, reason=reason)

    def call(self, function: Callable[..., object], *arguments: Any, key: str | None) -> str:
        """Call a function and return why it failed, which has been reported; "" if it went well."""
        try:
            function(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (reported; the loop goes on)
            return self._fail(function, error, key=key)
        return ""

    def make(self, make: Callable[..., R], *arguments: Any, key: str | None) -> R | str:
        """Return what a constructor makes; if it raised, why, which has been reported."""
        try:
            return make(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (reported; the loop goes on)
            return self._fail(make, error, key=key)

    def make_tasks(self, owner: str) -> TaskGroup:
        """Return a new group for the background work of a session or a service."""
        return TaskGroup(owner, on_failure=self._report)

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

    def _fail(
        self, function: Callable[..., object], error: BaseException, *, key: str | None
    ) -> str:
        """Report what a function raised, and return it in words."""
        self._report(Failure(what=name_of(function), key=key, error=error))
        if isinstance(error, DivergedError):
            return f"diverged: {error}"
        return explain(error)

    def _report(self, failure: Failure) -> None:
        if isinstance(failure.error, LeaseLostError):  # whoever is told of it says so, once
            self.outbox.log.debug("{what} was cut short: the lead is lost", what=failure.what)
        else:
            self._on_failure(failure)
