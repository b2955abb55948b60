"""`durapy up`: the console and every service as child processes of this one."""

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

import typer
from loguru import logger

from durapy_core import operations, signals
from durapy_core.deploy.child import ProcessSpec
from durapy_core.deploy.local import LocalManager
from durapy_core.deploy.lock import hold
from durapy_core.deploy.printer import Printer
from durapy_core.engines.base import Engine
from durapy_core.errors import DurapyError, EngineError, EngineUnavailableError, SettingsError
from durapy_core.exit_codes import ExitCode
from durapy_core.loader import find_services
from durapy_core.log_shipping import LogShipper, make_shipper
from durapy_core.log_sink import QueueSink
from durapy_core.raw_output import RawOutput
from durapy_core.settings import Settings, child_environment, load_settings, make_data_dir
from durapy_core.store import open_store

SELF: Final = "durapy"
SUPERVISOR: Final = "supervisor"
WEBSERVER: Final = "webserver"

ENDING: Final = (*signals.ENDING, signal.SIGHUP)
"""What ends it: Ctrl-C, SIGTERM, and a terminal that goes away."""

_FIRST_LOOK_S: Final = 1.0
_AFTER_REFUSAL_S: Final = 5.0


def up() -> None:
    """Run the console and every service as local processes, until Ctrl-C.

    A service that crashes is started again. One `up` per data folder.
    """
    settings = load_settings(Settings)
    if settings.engine.lower().startswith("memory:"):
        raise SettingsError(
            "DURAPY_ENGINE=memory:// lives inside one process, and `durapy up` starts several; "
            "leave DURAPY_ENGINE empty for an SQLite file."
        )
    with hold(make_data_dir(settings)) as lock:
        store_is_away = _look_at_store(settings)
        specs = plan_processes(settings, keep_open=(lock,))
        shipper = make_shipper(settings)
        printer = _Listening([SELF, *(spec.name for spec in specs)], shipper)
        _log_to(printer, settings, shipper)
        if store_is_away:
            logger.warning("{why} The services wait for it.", why=store_is_away)
        manager = LocalManager(specs, printer)
        with signals.capture_signals(manager.end, ENDING), _operations_served(settings, manager):
            code = manager.run()
        printer.raw.finish()
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def plan_processes(settings: Settings, *, keep_open: tuple[int, ...] = ()) -> list[ProcessSpec]:
    """Return what is to run: the web server, and each service folder without an underscore."""
    heartbeats = settings.data_dir / "heartbeats"
    heartbeats.mkdir(exist_ok=True)
    colour = "colour" if settings.log_format == "auto" else settings.log_format
    programs: dict[str, tuple[str, ...]] = {WEBSERVER: ("-m", "webserver")}
    for name in find_services(settings.services_dir):
        programs[name] = ("-m", "durapy_core", "run", name)
    return [
        ProcessSpec(
            name=name,
            argv=(sys.executable, *arguments),
            environment=child_environment(
                PYTHONUNBUFFERED="1",
                PYTHONFAULTHANDLER="1",
                DURAPY_LOG_FORMAT=colour,
                DURAPY_HEARTBEAT_FILE=str(heartbeats / name),
            ),
            keep_open=keep_open,
            heartbeat=heartbeats / name,
            vital=name == WEBSERVER,
        )
        for name, arguments in programs.items()
    ]


class _Listening(Printer):
    """A printer that also keeps in the store what a service printed past its logger."""

    def __init__(self, names: Iterable[str], shipper: LogShipper) -> None:
        super().__init__(names)
        self.raw = RawOutput(shipper.take)

    def line(self, name: str, text: str) -> None:
        """Write one line of a process, and listen."""
        super().line(name, text)
        if name != SELF:
            self.raw.line(name, text)


def _log_to(printer: Printer, settings: Settings, shipper: LogShipper) -> None:
    logger.remove()
    logger.configure(extra={"service": SUPERVISOR})
    logger.add(QueueSink([], tee=shipper), level=shipper.severity, format="")
    logger.add(
        lambda message: printer.line(SELF, message),
        level=settings.log_level,
        format="{level: <8} {message}",
    )


def _look_at_store(settings: Settings) -> str | None:
    """Return why the store does not answer, if so; one that is set up wrongly fails here and now.

    Raises:
        SettingsError: see `open_store`.
    """
    try:
        open_store(settings, wait_s=_FIRST_LOOK_S).close()
    except EngineUnavailableError as error:
        return str(error)
    return None


@contextmanager
def _operations_served(settings: Settings, manager: LocalManager) -> Iterator[None]:
    """Carry out restarts that the console and the command line ask for."""
    stop = Event()
    thread = Thread(
        target=_serve_operations, args=(settings, manager, stop), name="operations", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=2)  # longer only if the store is away, and then there is nothing to say


def _serve_operations(settings: Settings, manager: LocalManager, stop: Event) -> None:
    try:
        with open_store(settings) as engine:
            while not stop.is_set():
                _serve_once(engine, manager, stop)
    except DurapyError as error:
        logger.error("no restarts from the console: {error}", error=str(error))


def _serve_once(engine: Engine, manager: LocalManager, stop: Event) -> None:
    """Serve until `stop`, or until the store refuses something, such as when its disk is full."""
    try:
        operations.serve(engine, manager, stop, name=SUPERVISOR)
    except EngineError as error:
        logger.error("no restarts from the console for a moment: {error}", error=str(error))
        stop.wait(_AFTER_REFUSAL_S)
