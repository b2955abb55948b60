"""`python -m webserver.deployer`: hears the log of operations, and restarts what it asks for.

It is a service like any other, named `deployer`: it has a status, and ends within its grace period.
"""

import os
import socket
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from loguru import logger

from durapy_core import log
from durapy_core.exit_codes import run_quietly
from durapy_core.heartbeat import Heartbeat
from durapy_core.log_shipping import make_shipper
from durapy_core.operations import serve
from durapy_core.replica import make_replica_name
from durapy_core.revision import find_revision
from durapy_core.settings import Settings, load_settings
from durapy_core.signals import capture_signals
from durapy_core.status import ServiceState, ServiceStatus
from durapy_core.store import open_store
from durapy_core.store_clock import StoreClock
from webserver.deployer.crash_output import CrashOutput
from webserver.deployer.docker import DockerManager

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
    manager = DockerManager(socket_path=settings.docker_socket, project=settings.compose_project)
    with (
        open_store(settings) as engine,
        capture_signals(stop.set),
        Heartbeat(
            engine,
            _account(settings, replica, stop),
            file=settings.heartbeat_file,
            clock=StoreClock(logger),
        ),
    ):
        last_words = CrashOutput(manager, shipper.take)
        threading.Thread(target=last_words.run, args=(stop,), daemon=True).start()
        logger.info("running")
        serve(engine, manager, stop, name=NAME)
    logger.info("stopped")


def _account(
    settings: Settings, replica: str, stop: threading.Event
) -> Callable[[], ServiceStatus]:
    """Return what tells of this process once a second."""
    revision, started_at = find_revision(settings), datetime.now(UTC)

    def status() -> ServiceStatus:
        return ServiceStatus(
            service=NAME,
            replica=replica,
            host=socket.gethostname(),
            pid=os.getpid(),
            revision=revision,
            state=ServiceState.STOPPED if stop.is_set() else ServiceState.IDLE,
            started_at=started_at,
        )

    return status


if __name__ == "__main__":
    sys.exit(run_quietly(main, program="deployer"))
