"""Types: the commands that the services of this rig publish."""

from durapy_core.history_check import changes
from webserver.api.base import Api


class TypesApi(Api):
    """`GET` answers with every known command, its JSON Schema and its services."""

    async def get(self) -> None:
        """Answer with what the catalog table says now."""
        snapshot, engine = await self.site.directory.load(), self.site.engine
        changed = await self.site.offload.engine(lambda: changes(engine, snapshot.known))
        types = [{**each, "changed": changed.get(each["type"])} for each in snapshot.types_json()]
        self.reply({"types": types})
