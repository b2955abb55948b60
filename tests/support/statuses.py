"""The status of a service as it would have put it into the store."""

from datetime import UTC, datetime
from typing import Any

from durapy_core.status import ServiceState, ServiceStatus


def status_of(service: str, **fields: Any) -> ServiceStatus:
    """Return the status of an idle service that has just started; `fields` win."""
    usual = {
        "replica": "r1",
        "host": "h",
        "pid": 1,
        "revision": "abc1234",
        "state": ServiceState.IDLE,
        "started_at": datetime.now(UTC),
    }
    return ServiceStatus(service=service, **{**usual, **fields})
