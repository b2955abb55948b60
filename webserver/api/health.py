"""Health: a sign of life, for healthchecks and for the eye. Needs no sign-in."""

from durapy_core.errors import EngineError
from webserver.api.base import Api


class HealthApi(Api):
    """`GET` answers 200 as long as the web server runs, and says whether the store answers."""

    open_to_all = True

    async def get(self) -> None:
        """Answer with versions and the state of the store."""
        site = self.site
        try:
            await site.offload.engine(site.engine.ping)
            engine = "ok"
        except EngineError:
            engine = "unavailable"
        self.reply(
            {
                "status": "ok",
                "version": site.version,
                "revision": site.revision,
                "engine": engine,
            }
        )
