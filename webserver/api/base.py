"""The base class of the API's handlers: JSON in, JSON out, every error in one shape."""

import json
from http import HTTPStatus
from typing import Any, Final

from durapy_core.json_text import JsonTextError, parse_json
from webserver.errors import ApiError, answer_to
from webserver.handler import SiteHandler

PREFIX: Final = "/api/v1"


class Api(SiteHandler):
    """A handler of the API. An experimenter's page brings its own routes by deriving from it."""

    def reply(self, payload: Any, *, status: int = HTTPStatus.OK) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json.dumps(payload, separators=(",", ":")))

    def json_body(self) -> Any:
        """Return the request's body.

        Raises:
            ApiError: it is not JSON.
        """
        try:
            return parse_json(self.request.body)
        except JsonTextError as error:
            raise ApiError(
                HTTPStatus.BAD_REQUEST, "bad_request", f"The request is not JSON: {error}."
            ) from error

    def query(self, name: str, default: str = "") -> str:
        """Return a query argument as it was given.

        Raises:
            ApiError: it was given more than once.
        """
        given = self.get_query_arguments(name, strip=False)
        if len(given) > 1:
            raise _bad_argument(name, given[0], f"give it once, not {len(given)} times")
        return given[0] if given else default

    def choice(self, name: str, default: str, allowed: dict[str, Any]) -> Any:
        """Return what `allowed` has for a query argument.

        Raises:
            ApiError: the argument is none of them.
        """
        given = self.query(name, default)
        if given not in allowed:
            listed = ", ".join(allowed)
            raise _bad_argument(name, given, f"use one of {listed}")
        return allowed[given]

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a query argument as a whole number.

        Raises:
            ApiError: it is none, or out of range.
        """
        given = self.query(name, str(default))
        if not (given.isascii() and given.isdigit() and least <= int(given[:9]) <= most):
            raise _bad_argument(name, given, f"use a whole number from {least} to {most}")
        return int(given)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ARG002 (Tornado's)
        """Answer an error: `{"error": {"code", "message", "errors"}}`."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        answer = answer_to(error, method=str(self.request.method))
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", self.allowed_methods())
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", "Bearer")
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.set_header("Retry-After", "2")
        self.reply({"error": answer.to_json()}, status=answer.status)


class NothingApi(Api):
    """Answers 404 to every address of the API that is not in the table."""

    open_to_all = True

    def prepare(self) -> None:
        """Answer, whatever the method."""
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "not_found",
            f"There is nothing at {self.request.path[:200]}; see {PREFIX}/openapi.json.",
        )


def _bad_argument(name: str, given: str, hint: str) -> ApiError:
    return ApiError(
        HTTPStatus.BAD_REQUEST, "bad_request", f"{name}={given[:100]} is not usable; {hint}."
    )
