"""A service container for experiments: typed commands between long-running services.

These names are all that a service needs; what lies below them may move.
"""

from durapy_core.background import BackgroundContext
from durapy_core.command import Command, CommandRecord, session_label
from durapy_core.confirm import Answer, Confirmation
from durapy_core.context import Context, ServiceContext, StopReason
from durapy_core.controller import Controller, on
from durapy_core.errors import DurapyError
from durapy_core.note import NoteCommand
from durapy_core.service import Service
from durapy_core.settings import ServiceSettings, load_settings

__all__ = [  # noqa: RUF022 (grouped by subject)
    # messages
    "Command",
    "CommandRecord",
    "session_label",
    "NoteCommand",
    # a service and its session
    "Service",
    "Controller",
    "on",
    # what its code may do
    "Context",
    "ServiceContext",
    "BackgroundContext",
    "StopReason",
    "Answer",
    "Confirmation",
    # its settings
    "ServiceSettings",
    "load_settings",
    # what goes wrong
    "DurapyError",
]
