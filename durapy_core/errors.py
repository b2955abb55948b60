"""Every error that DuraPy raises, on one screen.

    DurapyError
    ├── SettingsError
    ├── CommandError
    │   ├── UnknownCommandError
    │   └── InvalidCommandError
    ├── ServiceError
    │   ├── RegistrationError
    │   ├── SessionError
    │   └── DivergedError
    ├── EngineError
    │   ├── EngineUnavailableError
    │   ├── LeaseLostError
    │   └── CorruptRecordError
    └── DeployError
        ├── ServiceNotFoundError
        ├── ManagerUnavailableError
        └── RolloutFailedError

A message says what failed, with which value, and what to do next. The command line prints it as
one line, without a traceback; the web API answers with it.
"""

from dataclasses import dataclass


class DurapyError(Exception):
    """Something that DuraPy can name went wrong; the message is for the user."""


class SettingsError(DurapyError):
    """A setting is missing, malformed, or points at something that cannot be used."""


class CommandError(DurapyError):
    """A command cannot be made, sent or read."""


class UnknownCommandError(CommandError):
    """No command has this wire type."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a body: where it is (`loc`, outermost field first), and what."""

    loc: tuple[str | int, ...]
    msg: str

    def __str__(self) -> str:
        """Return `field.inner: what is wrong`."""
        return f"{'.'.join(map(str, self.loc)) or 'body'}: {self.msg}"


class InvalidCommandError(CommandError):
    """A body does not fit its command; `problems` says where."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class ServiceError(DurapyError):
    """A service is put together or used wrongly."""


class RegistrationError(ServiceError):
    """A service is wired wrongly: found when it is built, not at the first command."""


class SessionError(ServiceError):
    """A session cannot be begun, restored or ended."""


class DivergedError(ServiceError):
    """A handler that was called again sends something else than before; it was not sent."""


class EngineError(DurapyError):
    """The store of commands refused something."""


class EngineUnavailableError(EngineError):
    """The store did not answer; the same call may be made again."""


class LeaseLostError(EngineError):
    """Another process leads the service now, or may: nothing was written, and nothing will be."""


class CorruptRecordError(EngineError):
    """What the store holds under a key is not what an engine writes."""


class DeployError(DurapyError):
    """Something about running replicas failed."""


class ServiceNotFoundError(DeployError):
    """No service, or no replica of it, has this name."""


class ManagerUnavailableError(DeployError):
    """What runs the replicas (Docker, systemd, …) did not answer."""


class RolloutFailedError(DeployError):
    """A rollout ended on the old revision."""
