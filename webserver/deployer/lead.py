"""Leading the deployers: one at a time hears the log of operations, another stands by.

A second deployer is there while the deployer itself is rolled out: it stands by until this one
gives up the lead, and this one takes it back if the new one dies.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from loguru import logger

from durapy_core.engines.base import Engine
from durapy_core.engines.lead import Lead
from durapy_core.errors import EngineError, EngineUnavailableError, LeaseLostError
from durapy_core.presence import Presence
from durapy_core.status import ServiceState

_ASK_S: Final = 0.3
_AFTER_HANDOVER_S: Final = 3.0


@contextmanager
def led(
    engine: Engine, name: str, stop: threading.Event, *, lease_s: float, presence: Presence
) -> Iterator[threading.Event]:
    """Wait for the lead and give an event that is set when it is lost, or when `stop` is.

    At the end of the block the lead is given up, and left to others for a moment.
    """
    over = threading.Event()
    lead = _wait_for_lead(engine, name, stop, lease_s=lease_s, presence=presence)
    if lead is None:
        over.set()
        yield over
        return
    presence.state = ServiceState.IDLE
    keeper = threading.Thread(
        target=_keep, args=(lead, stop, over, lease_s / 3), name="lease", daemon=True
    )
    keeper.start()
    try:
        yield over
    finally:
        over.set()
        keeper.join()
        with suppress(EngineError):  # then it runs out by itself
            lead.release(None)
        lead.close()
        presence.state = ServiceState.STANDBY
        stop.wait(_AFTER_HANDOVER_S)


def _wait_for_lead(
    engine: Engine, name: str, stop: threading.Event, *, lease_s: float, presence: Presence
) -> Lead | None:
    level = "WARNING"
    while not stop.is_set():
        try:
            lead = engine.lead(name, lease_s=lease_s)
        except EngineUnavailableError as error:
            logger.log(level, "the deployer waits for the store: {error}", error=str(error))
            level = "DEBUG"
            stop.wait(1.0)
            continue
        level = "WARNING"
        if lead is not None:
            return lead
        presence.state = ServiceState.STANDBY
        stop.wait(_ASK_S)
    return None


def _keep(lead: Lead, stop: threading.Event, over: threading.Event, every_s: float) -> None:
    """Renew the lease; set `over` when another has it, or when the process is to end."""
    while not over.is_set():
        if stop.wait(every_s):
            over.set()
            return
        try:
            lead.renew()
        except LeaseLostError as error:
            logger.warning("{error}", error=str(error))
            over.set()
        except EngineError as error:
            logger.debug("the lease was not renewed: {error}", error=str(error))
        except Exception:  # noqa: BLE001 (else it would run out, and two deployers would act)
            logger.exception("the lease could not be renewed; trying again")
