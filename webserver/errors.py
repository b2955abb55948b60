"""Errors as a caller of the API or the socket sees them: a status, a code, one clear line."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tornado.web import HTTPError

from durapy_core.errors import (
    CorruptRecordError,
    DurapyError,
    EngineError,
    EngineUnavailableError,
    InvalidCommandError,
    ManagerUnavailableError,
    Problem,
    ServiceNotFoundError,
    UnknownCommandError,
)


class ApiError(Exception):
    """A request that is refused; `code` is for programs, the message for people."""

    def __init__(
        self, status: int, code: str, message: str, *, problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """What a caller is told."""

    status: int
    code: str
    message: str
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as the API and the socket send it."""
        return {
            "code": self.code,
            "message": self.message,
            "errors": [{"loc": list(p.loc), "msg": p.msg} for p in self.problems],
        }


_TABLE: Final[tuple[tuple[type[DurapyError], int, str], ...]] = (
    (UnknownCommandError, HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_type"),
    (InvalidCommandError, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    (ServiceNotFoundError, HTTPStatus.NOT_FOUND, "not_found"),
    (ManagerUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    (EngineUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    (CorruptRecordError, HTTPStatus.BAD_REQUEST, "bad_request"),
    (EngineError, HTTPStatus.INSUFFICIENT_STORAGE, "refused"),
)

_CODES: Final[dict[int, tuple[str, str]]] = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The request cannot be read."),
    HTTPStatus.UNAUTHORIZED: ("unauthorized", "Sign in first."),
    HTTPStatus.FORBIDDEN: ("forbidden", "This is not allowed."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing under this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This address does not take {method}."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "The request is too large."),
}


def answer_to(error: BaseException | None, *, method: str = "this method") -> ErrorAnswer:
    """Return what a caller is told of an error; of an unforeseen one, nothing but that."""
    if isinstance(error, ApiError):
        return ErrorAnswer(
            status=error.status, code=error.code, message=str(error), problems=error.problems
        )
    if isinstance(error, DurapyError):
        for kind, status, code in _TABLE:
            if isinstance(error, kind):
                problems = getattr(error, "problems", ())
                return ErrorAnswer(status=status, code=code, message=str(error), problems=problems)
    if isinstance(error, HTTPError):
        return _answer_to_status(error.status_code, method)
    return ErrorAnswer(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal",
        message="Something went wrong here; the log of the web server says what.",
    )


def _answer_to_status(status: int, method: str) -> ErrorAnswer:
    code, message = _CODES.get(status) or ("bad_request", "The request is refused.")
    return ErrorAnswer(status=status, code=code, message=message.format(method=method))
