"""Who carries out operations under systemd: a process that has the rig's services, and no more.

It runs as the user of the services, never as root: a user's own systemd obeys that user, and in
system mode a polkit rule lets this user start and stop the rig's units.
"""

import threading
from functools import partial
from typing import Final

from loguru import logger

from durapy_core import log, operations
from durapy_core.deploy.pace import limits_of
from durapy_core.deploy.systemd import SystemdManager
from durapy_core.deploy.systemd_journal import JournalWatch
from durapy_core.deploy.systemd_several import SeveralRollouts
from durapy_core.engines.base import Engine
from durapy_core.fleet import heard_of
from durapy_core.heartbeat import Heartbeat
from durapy_core.log_shipping import make_shipper
from durapy_core.notify import open_notifier
from durapy_core.operations.rollouts import Rollouts
from durapy_core.presence import Presence, make_replica_name
from durapy_core.raw_output import RawOutput
from durapy_core.revision import find_revision
from durapy_core.settings import Settings, load_settings, make_data_dir, notify_address
from durapy_core.signals import capture_signals
from durapy_core.store import open_store
from durapy_core.store_clock import StoreClock

NAME: Final = "supervisor"


def serve_operations(manager: SeveralRollouts) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingsError: a setting is not usable.
        EngineUnavailableError: the store did not answer in time.
    """
    settings = load_settings(Settings)
    replica, stop = make_replica_name(), threading.Event()
    shipper = make_shipper(settings)
    log.configure(settings, service=NAME, replica=replica, tee=shipper)
    if settings.engine.lower().startswith("sqlite:"):
        make_data_dir(settings)
    revision = find_revision(settings)
    presence = Presence(NAME, replica=replica, revision=revision, stopped=stop.is_set)
    with open_store(settings) as engine, capture_signals(stop.set):
        notifier = open_notifier(notify_address())
        clock = StoreClock(logger)
        with Heartbeat(engine, presence.status, clock=clock, notifier=notifier):
            logger.info("running")
            _watch_journals(manager, engine, RawOutput(shipper.take), stop)
            rollouts = Rollouts(manager, partial(heard_of, engine), limits=limits_of(settings))
            operations.serve(engine, manager, stop, name=NAME, rollouts=rollouts)
    logger.info("stopped")


def _watch_journals(
    manager: SeveralRollouts, engine: Engine, raw: RawOutput, stop: threading.Event
) -> None:
    """Keep what the units of each computer print, on a thread for each of them."""
    for each in manager.managers:
        watch = JournalWatch(SystemdManager(each.host, user=each.of_user), engine, raw)
        threading.Thread(target=watch.run, args=(stop,), name="journal", daemon=True).start()
