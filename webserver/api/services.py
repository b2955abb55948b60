"""Services: who is up, what is deployed, and asking for a service to be started or replaced."""

from http import HTTPStatus
from typing import Final

from pydantic import ValidationError

from durapy_core import operations
from durapy_core.deploy.overview import Deployment, load_deployment
from durapy_core.errors import ServiceNotFoundError
from durapy_core.operations import ALL, Verb, Wishes
from webserver.api.base import Api
from webserver.errors import ApiError

_NOBODY: Final = (
    "No deployer has run here, so nothing is known of revisions: this rig may run as local "
    "processes."
)


class ServicesApi(Api):
    """`GET` answers with the status of every service and with the session."""

    async def get(self) -> None:
        """Answer with what the status table says now."""
        self.reply((await self.site.directory.load()).services_json())


class Asking(Api):
    """What asks whoever holds the replicas to do something."""

    async def ask(self, verb: Verb, service: str) -> None:
        """Put a request on the operations log and answer with its key."""
        wishes = self._wishes()
        assert self.user is not None  # noqa: S101 (prepare has refused strangers)
        by, engine = self.user.sender, self.site.engine
        key = await self.site.offload.engine(
            lambda: operations.request(engine, verb, service, by=by, wishes=wishes)
        )
        self.reply({"operation": key}, status=HTTPStatus.ACCEPTED)

    async def deployment(self) -> tuple[Deployment, float] | None:
        """Return what is deployed and how old that is; None where nobody tells."""
        engine = self.site.engine
        return await self.site.offload.engine(lambda: load_deployment(engine))

    def _wishes(self) -> Wishes:
        """Return what the body says beside verb and service; no body says nothing.

        Raises:
            ApiError: it cannot be used.
        """
        given = self.json_body() if self.request.body else {}
        try:
            return Wishes.model_validate(given, extra="forbid")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the body"
            raise ApiError(
                HTTPStatus.BAD_REQUEST, "bad_request", f"{where} is not usable: {first['msg']}."
            ) from error


class ServiceVerbApi(Asking):
    """`POST` asks for a service to be started, stopped, restarted, replaced, or compared."""

    async def post(self, name: str, verb: Verb) -> None:
        """Put the request on the log, if there is such a service."""
        fleet = (await self.site.directory.load()).fleet
        deployed = await self.deployment()
        known = {heard.status.service for heard in fleet}
        known |= {service.service for service in deployed[0].services} if deployed else set()
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise ServiceNotFoundError(f"No service is called {name[:100]!r}; known: {listed}.")
        await self.ask(verb, name)


class DeploymentApi(Asking):
    """`GET` answers with what is deployed, and which revisions there are."""

    async def get(self) -> None:
        """Answer with what the deployer wrote down last."""
        told = await self.deployment() or (Deployment(problem=_NOBODY), None)
        self.reply({**told[0].model_dump(mode="json"), "age_s": told[1]})


class DeploymentVerbApi(Asking):
    """`POST` asks for a rollout of every service, or for what revisions there are."""

    async def post(self, verb: Verb) -> None:
        """Put the request on the log."""
        await self.ask(verb, ALL)
