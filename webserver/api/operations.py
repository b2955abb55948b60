"""Operations: what became of requests, all that was said of one, and giving one up."""

from http import HTTPStatus
from typing import Any

from durapy_core import operations
from durapy_core.operations import OperationState, Wishes
from webserver.api.base import Api
from webserver.errors import ApiError


class OperationsApi(Api):
    """`GET` answers with the latest operations."""

    async def get(self) -> None:
        """Answer with them, newest first."""
        limit = self.number("limit", 50, least=1, most=500)
        engine = self.site.engine
        found = await self.site.offload.engine(lambda: operations.latest(engine, limit=limit))
        self.reply({"operations": [operation_json(state) for state in found]})


class OperationApi(Api):
    """`GET` answers with the state of one operation."""

    async def get(self, key: str) -> None:
        """Answer with how far it has come."""
        engine = self.site.engine
        state = await self.site.offload.engine(lambda: operations.outcome(engine, key))
        self.reply(operation_json(found(state, key)))


class NewsApi(Api):
    """`GET` answers with all that was told of an operation."""

    async def get(self, key: str) -> None:
        """Answer with its steps and the lines of its build, oldest first."""
        engine = self.site.engine
        state = await self.site.offload.engine(lambda: operations.outcome(engine, key))
        found(state, key)
        news = await self.site.offload.engine(lambda: operations.lines_of(engine, key))
        self.reply({"news": [operation_json(state) for state in news]})


class CancelApi(Api):
    """`POST` asks for the end of a rollout."""

    async def post(self, key: str) -> None:
        """Put the request on the log and answer with its key."""
        engine = self.site.engine
        state = await self.site.offload.engine(lambda: operations.outcome(engine, key))
        service = found(state, key).service
        assert self.user is not None  # noqa: S101 (prepare has refused strangers)
        by, wishes = self.user.sender, Wishes(operation=key)
        asked = await self.site.offload.engine(
            lambda: operations.request(engine, "cancel", service, by=by, wishes=wishes)
        )
        self.reply({"operation": asked}, status=HTTPStatus.ACCEPTED)


def operation_json(state: OperationState) -> dict[str, Any]:
    """Return the state of an operation as the API and the socket show it."""
    return state.model_dump(mode="json")


def found(state: OperationState | None, key: str) -> OperationState:
    """Return the state.

    Raises:
        ApiError: there is none.
    """
    if state is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND, "not_found", f"No operation has the key {key[:100]!r}."
        )
    return state
