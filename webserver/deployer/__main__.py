"""`python -m webserver.deployer`: hears the log of operations, and starts, stops and replaces.

It is a service like any other, named `deployer`: it has a status, leads or stands by, and ends
within its grace period.
"""

import contextlib
import sys
import threading
from functools import partial
from typing import Final

from loguru import logger

from durapy_core import log
from durapy_core.deploy.git import Mirror
from durapy_core.deploy.pace import limits_of
from durapy_core.engines.base import Engine
from durapy_core.errors import DeployError
from durapy_core.exit_codes import run_quietly
from durapy_core.fleet import heard_of
from durapy_core.heartbeat import Heartbeat
from durapy_core.log_shipping import make_shipper
from durapy_core.operations import Rollouts, serve
from durapy_core.presence import Presence, make_replica_name
from durapy_core.revision import find_revision
from durapy_core.settings import Settings, load_settings
from durapy_core.signals import capture_signals
from durapy_core.status import ServiceState
from durapy_core.store import open_store
from durapy_core.store_clock import StoreClock
from webserver.deployer.crash_output import CrashOutput
from webserver.deployer.lead import led
from webserver.deployer.overview import Overview
from webserver.deployer.rollouts import DockerRollouts

NAME: Final = "deployer"


def main() -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingsError: a setting is not usable.
        EngineUnavailableError: the store did not answer in time.
    """
    settings = load_settings(Settings)
    replica = make_replica_name()
    stop = threading.Event()
    shipper = make_shipper(settings)
    log.configure(settings, service=NAME, replica=replica, tee=shipper)
    manager = DockerRollouts(
        Mirror(settings.repository, settings.data_dir / "mirror", remote=settings.git_remote),
        socket_path=settings.docker_socket,
        project=settings.compose_project,
        keep_images=settings.keep_images,
    )
    presence = Presence(
        NAME,
        replica=replica,
        revision=find_revision(settings),
        stopped=stop.is_set,
        state=ServiceState.STARTING,
    )
    with (
        open_store(settings) as engine,
        capture_signals(stop.set),
        Heartbeat(engine, presence.status, file=settings.heartbeat_file, clock=StoreClock(logger)),
    ):
        last_words = CrashOutput(manager, shipper.take)
        threading.Thread(target=last_words.run, args=(stop,), daemon=True).start()
        while not stop.is_set():
            with led(engine, NAME, stop, lease_s=settings.lease_s, presence=presence) as over:
                _serve(engine, manager, settings, over)
    logger.info("stopped")


def _serve(
    engine: Engine, manager: DockerRollouts, settings: Settings, over: threading.Event
) -> None:
    """Hear the log of operations while this process leads."""
    rollouts = Rollouts(manager, partial(heard_of, engine), limits=limits_of(settings))
    with contextlib.suppress(DeployError):  # Docker is away; then a later fetch does it
        manager.forget_fetch()
    logger.info("running")
    with Overview(engine, manager):
        serve(engine, manager, over, name=NAME, rollouts=rollouts)
    if rollouts.handed_over.is_set():
        logger.info("a new deployer takes over")


if __name__ == "__main__":
    sys.exit(run_quietly(main, program="deployer"))
