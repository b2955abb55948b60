"""Types: the commands that the services of this rig publish."""

from webserver.api.base import Api


class TypesApi(Api):
    """`GET` answers with every known command, its JSON Schema and its services."""

    async def get(self) -> None:
        """Answer with what the catalog table says now."""
        self.reply({"types": (await self.site.directory.load()).types_json()})
