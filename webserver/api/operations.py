"""Operations: what became of a request to restart a service."""

from http import HTTPStatus

from durapy_core import operations
from webserver.api.base import Api
from webserver.errors import ApiError


class OperationApi(Api):
    """`GET` answers with the state of one operation."""

    async def get(self, key: str) -> None:
        """Answer with how far it has come."""
        engine = self.site.engine
        state = await self.site.offload.engine(lambda: operations.outcome(engine, key))
        if state is None:
            raise ApiError(
                HTTPStatus.NOT_FOUND, "not_found", f"No operation has the key {key[:100]!r}."
            )
        self.reply(state.model_dump(mode="json"))
