"""Favourites and presets of the Commands page: list, save, remove."""

from webserver.api.base import Api
from webserver.presets import FAVOURITES, PRESETS, save_favourite, save_preset


class PresetsApi(Api):
    """`GET` answers with all favourites and presets of the rig."""

    async def get(self) -> None:
        """Answer with both."""
        self.reply(await self.site.presets.load())


class FavouriteApi(Api):
    """`PUT` makes a type a favourite, `DELETE` makes it none; both answer with all."""

    async def put(self, wire_type: str) -> None:
        """Add it."""
        change = self.site.presets.change
        self.reply(await change(lambda engine: save_favourite(engine, wire_type)))

    async def delete(self, wire_type: str) -> None:
        """Remove it; nothing happens if it is none."""
        change = self.site.presets.change
        self.reply(await change(lambda engine: engine.remove(FAVOURITES, wire_type)))


class PresetApi(Api):
    """`PUT` keeps a body under a name, `DELETE` removes it; both answer with all."""

    async def put(self, wire_type: str, name: str) -> None:
        """Keep it."""
        given = self.json_body()
        only_body = isinstance(given, dict) and set(given) == {"body"}
        body = given["body"] if only_body else None
        change = self.site.presets.change
        self.reply(await change(lambda engine: save_preset(engine, wire_type, name, body)))

    async def delete(self, wire_type: str, name: str) -> None:
        """Remove it; nothing happens if it is none."""
        change = self.site.presets.change
        self.reply(await change(lambda engine: engine.remove(PRESETS, f"{wire_type} {name}")))
