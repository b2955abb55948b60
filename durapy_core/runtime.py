"""Running a service in a process: signals, status, the loop, and a clean end."""

from typing import TYPE_CHECKING, Final

from loguru import logger

from durapy_core.context import StopReason
from durapy_core.engines.base import Engine
from durapy_core.entry import START, Cursor
from durapy_core.errors import DurapyError
from durapy_core.heartbeat import Heartbeat
from durapy_core.leadership import LeaseKeeper
from durapy_core.notify import open_notifier
from durapy_core.patience import StoppedWaitingError
from durapy_core.presence import make_replica_name
from durapy_core.replica import Replica, ReplicaOptions
from durapy_core.revision import find_revision
from durapy_core.safety import SafetyThread
from durapy_core.service import Service
from durapy_core.settings import Settings, notify_address
from durapy_core.signals import capture_signals

if TYPE_CHECKING:
    from loguru import Logger

WAIT_S: Final = 0.5
"""How long one read waits for a record, and so how long a signal may wait for an idle service."""

_RENEWALS_PER_LEASE: Final = 3


def run_service(
    service: Service,
    engine: Engine,
    settings: Settings,
    *,
    replica: str | None = None,
    from_start: bool = False,
) -> None:
    """Run a service until SIGTERM, SIGINT or `ctx.stop_service()`; then end it cleanly.

    While another process leads the service, this one stands by. At the end the current handler is
    finished, an open session's controller is stopped (the session itself stays open), background
    work is joined, the progress saved, the lead given up. A second signal changes nothing. On
    another thread than the main one signals are left alone.

    Args:
        service: what to run.
        engine: where the commands are; it stays open.
        settings: of this process.
        replica: a name for this process that no other has; None makes one.
        from_start: whether a service that never ran before begins with the first record of the
            log instead of at its end.

    Raises:
        ServiceError: the service may not run on this engine, or one of its start hooks failed.
        EngineError: the store refused what every service needs.
    """
    service.check_engine(settings.engine)
    options = ReplicaOptions(
        name=replica or make_replica_name(),
        revision=find_revision(settings),
        commit_s=settings.commit_ms / 1000,
        lease_s=settings.lease_s,
        debug=settings.log_level == "DEBUG",
    )
    running = Replica(service, engine, options)
    log = logger.bind(service=service.name, replica=options.name)
    notifier = open_notifier(notify_address())
    beats = Heartbeat(engine, running.status, file=settings.heartbeat_file, notifier=notifier)
    running.safety.on_answer = beats.try_beat
    listener = SafetyThread(running.safety, log=log)
    keeper = LeaseKeeper(running.renew_lease, every_s=settings.lease_s / _RENEWALS_PER_LEASE)
    with capture_signals(running.stop), beats, keeper, listener:
        _run(running, log, START if from_start else None)
    log.info("stopped")


def _run(replica: Replica, log: "Logger", first: Cursor | None) -> None:
    reason = StopReason.ERROR
    try:
        replica.startup(first=first)
        log.info("running", session=replica.session.begin.key if replica.session else None)
        while not replica.stopping:
            replica.turn(WAIT_S)
        reason = StopReason.SHUTDOWN
    except StoppedWaitingError:
        reason = StopReason.SHUTDOWN
    except DurapyError:
        raise  # its message says it all
    except Exception:
        log.exception("the service ends on an unforeseen error")
        raise
    finally:
        replica.shutdown(reason)
