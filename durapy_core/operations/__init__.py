"""Operations: requests to start, stop or replace services, and what became of them, on a log.

The console and the command line `request`; whoever holds the replicas (the deployer beside Docker,
the local supervisor) calls `serve`. They share nothing but the log `operations`.
"""

from durapy_core.operations.requests import (
    ALL,
    OperationState,
    Verb,
    Wishes,
    follow,
    is_served,
    latest,
    lines_of,
    outcome,
    request,
    state_of,
)
from durapy_core.operations.rollouts import Rollouts
from durapy_core.operations.server import Lifecycle, serve

__all__ = [
    "ALL",
    "Lifecycle",
    "OperationState",
    "Rollouts",
    "Verb",
    "Wishes",
    "follow",
    "is_served",
    "latest",
    "lines_of",
    "outcome",
    "request",
    "serve",
    "state_of",
]
