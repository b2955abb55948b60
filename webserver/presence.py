"""The web server is itself a service: its name and its catalog, like any other's."""

from collections.abc import Callable

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.engines.base import CATALOG, Engine
from durapy_core.note import NoteCommand

NAME = "webserver"


def publish_catalog(engine: Engine) -> Callable[[], None]:
    """Return the call that publishes the catalog: the console sends notes, and hears nothing."""
    types = (publish_type(NoteCommand, (Role.SENDS,)),)
    text = PublishedCatalog(service=NAME, types=types).model_dump_json()
    return lambda: engine.put(CATALOG, NAME, text)
