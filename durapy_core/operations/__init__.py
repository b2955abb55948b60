"""Operations: requests to restart a service, and what became of them, on a log of their own.

The console and the command line `request`; whoever holds the replicas (the deployer beside Docker,
the local supervisor) calls `serve`. They share nothing but the log `operations`.
"""

from durapy_core.operations.requests import (
    OperationState,
    Verb,
    follow,
    is_served,
    outcome,
    request,
    state_of,
)
from durapy_core.operations.server import Restarter, serve

__all__ = [
    "OperationState",
    "Restarter",
    "Verb",
    "follow",
    "is_served",
    "outcome",
    "request",
    "serve",
    "state_of",
]
