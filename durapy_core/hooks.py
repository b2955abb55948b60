"""The functions of a service that are called when it begins and ceases to lead."""

from durapy_core.calls import Caller
from durapy_core.context import ServiceContext
from durapy_core.errors import DurapyError, ServiceError
from durapy_core.failures import explain, name_of
from durapy_core.service import Hook, Service


class Hooks:
    """Calls them in one term of a service."""

    def __init__(self, service: Service, caller: Caller, ctx: ServiceContext) -> None:
        self._service = service
        self._caller = caller
        self._ctx = ctx
        self._log = caller.outbox.log
        self._started = False

    def start(self) -> None:
        """Call every start hook; see `run`."""
        for hook in self._service.start_hooks:
            self.run(hook)
        self._started = True

    def stop(self) -> None:
        """Call every stop hook if the start hooks went well; one that raises is reported."""
        if self._started:
            for hook in reversed(self._service.stop_hooks):
                self._caller.call(hook, self._ctx, key=None)

    def run(self, hook: Hook) -> None:
        """Call one without which the service cannot start.

        Raises:
            ServiceError: it raised something else than a DurapyError, which goes on.
        """
        try:
            hook(self._ctx)
        except DurapyError:
            raise
        except (Exception, SystemExit) as error:
            self._log.opt(exception=error).critical("{hook} failed", hook=name_of(hook))
            raise ServiceError(
                f'The service "{self._service.name}" cannot start: {name_of(hook)} failed: '
                f"{explain(error)}."
            ) from error
