"""`durapy run`: one service in this process."""

import time
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from typing import Annotated, Final, Protocol

import typer
from loguru import logger

from durapy_core.engines import Engine
from durapy_core.errors import SettingsError
from durapy_core.loader import load_service
from durapy_core.log import configure
from durapy_core.log_shipping import make_shipper
from durapy_core.presence import make_replica_name
from durapy_core.runtime import run_service
from durapy_core.settings import Settings, load_settings, make_data_dir
from durapy_core.signals import capture_signals
from durapy_core.store import open_store

WEB_ENTRY_POINTS: Final = "durapy.web"

_LOOK_S: Final = 0.2


class Serve(Protocol):
    """What the entry-point group `durapy.web` brings: the console beside a service."""

    def __call__(self, settings: Settings, engine: Engine) -> AbstractContextManager[object]:
        """Serve the console on threads of its own until the context is left."""


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a folder in services/")],
    *,
    engine: Annotated[
        str | None, typer.Option(metavar="URL", help="The command store; wins over DURAPY_ENGINE.")
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help="Serve the console in this process as well.")
    ] = False,
    from_start: Annotated[
        bool,
        typer.Option(
            "--from-start", help="On its first start ever, begin at the first record of the log."
        ),
    ] = False,
) -> None:
    """Run one service until it is told to stop.

    While another process leads the service, this one stands by. With --web the console stays,
    after the service has ended by itself, until Ctrl-C.
    """
    settings = load_settings(Settings, engine=engine)
    replica = make_replica_name()
    shipper = make_shipper(settings)
    configure(settings, service=name, replica=replica, tee=shipper)
    service = load_service(name, settings.services_dir)
    service.check_engine(settings.engine)  # before a store is waited for
    if settings.engine.lower().startswith("sqlite:"):
        make_data_dir(settings)
    with open_store(settings) as store:
        shipper.share(store)
        if not web:
            run_service(service, store, settings, replica=replica, from_start=from_start)
            return
        asked: list[bool] = []
        with capture_signals(lambda: asked.append(True)), _find_console()(settings, store):
            run_service(service, store, settings, replica=replica, from_start=from_start)
            if not asked:
                logger.info("the service has ended; the console stays until Ctrl-C")
            while not asked:
                time.sleep(_LOOK_S)


def _find_console() -> Serve:
    for point in entry_points(group=WEB_ENTRY_POINTS):
        serve: Serve = point.load()
        return serve
    raise SettingsError(
        "--web: no console is installed here; install DuraPy again: `pip install -e .`"
    )
