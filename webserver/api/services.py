"""Services: who is up, and asking for a restart."""

from http import HTTPStatus

from durapy_core import operations
from durapy_core.errors import ServiceNotFoundError
from webserver.api.base import Api


class ServicesApi(Api):
    """`GET` answers with the status of every service and with the session."""

    async def get(self) -> None:
        """Answer with what the status table says now."""
        self.reply((await self.site.directory.load()).services_json())


class RestartApi(Api):
    """`POST` asks whoever holds the replicas to restart a service."""

    async def post(self, name: str) -> None:
        """Put the request on the operations log and answer with its key."""
        fleet = (await self.site.directory.load()).fleet
        known = sorted({heard.status.service for heard in fleet})
        if name not in known:
            raise ServiceNotFoundError(
                f"No service is called {name[:100]!r}; known: {', '.join(known) or 'none'}."
            )
        assert self.user is not None  # noqa: S101 (prepare has refused strangers)
        by, engine = self.user.sender, self.site.engine
        key = await self.site.offload.engine(
            lambda: operations.request(engine, "restart", name, by=by)
        )
        self.reply({"operation": key}, status=HTTPStatus.ACCEPTED)
