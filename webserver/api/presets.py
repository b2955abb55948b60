"""Favourites and presets of the Commands page: list, save, remove."""

from collections.abc import Callable

from durapy_core.engines.base import Engine
from webserver.api.base import Api
from webserver.presets import FAVOURITES, PRESETS, load_presets, save_favourite, save_preset


class PresetsApi(Api):
    """`GET` answers with all favourites and presets of the rig."""

    async def get(self) -> None:
        """Answer with both."""
        engine = self.site.engine
        self.reply(await self.site.offload.engine(lambda: load_presets(engine)))


class _Change(Api):
    """Changes something, and answers with all."""

    async def change(self, change: Callable[[Engine], None]) -> None:
        """Change something and answer."""
        engine = self.site.engine
        await self.site.offload.engine(lambda: change(engine))
        self.reply(await self.site.offload.engine(lambda: load_presets(engine)))


class FavouriteApi(_Change):
    """`PUT` makes a type a favourite, `DELETE` makes it none; both answer with all."""

    async def put(self, wire_type: str) -> None:
        """Add it."""
        await self.change(lambda engine: save_favourite(engine, wire_type))

    async def delete(self, wire_type: str) -> None:
        """Remove it; nothing happens if it is none."""
        await self.change(lambda engine: engine.remove(FAVOURITES, wire_type))


class PresetApi(_Change):
    """`PUT` keeps a body under a name, `DELETE` removes it; both answer with all."""

    async def put(self, wire_type: str, name: str) -> None:
        """Keep it."""
        given = self.json_body()
        only_body = isinstance(given, dict) and set(given) == {"body"}
        body = given["body"] if only_body else None
        await self.change(lambda engine: save_preset(engine, wire_type, name, body))

    async def delete(self, wire_type: str, name: str) -> None:
        """Remove it; nothing happens if it is none."""
        await self.change(lambda engine: engine.remove(PRESETS, f"{wire_type} {name}"))
