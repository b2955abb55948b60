"""What the verbs that look at a rig or talk to it share: its store, and who is asking."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from durapy_core.engines import Engine
from durapy_core.errors import EngineUnavailableError, SettingsError
from durapy_core.settings import Settings, load_settings
from durapy_core.store import open_store

WAIT_S: Final = 4.0
"""How long a verb waits for the store before it gives up."""


@contextmanager
def open_rig() -> Iterator[Engine]:
    """Give the store of the rig that this shell is set up for.

    Raises:
        SettingsError: there is no such store, or it is private to another process.
        EngineUnavailableError: it did not answer within WAIT_S; the message says what to do.
    """
    settings = load_settings(Settings)
    if settings.engine.lower().startswith("memory:"):
        raise SettingsError(
            "DURAPY_ENGINE=memory:// lives inside one process, so no other one can see it; "
            "use sqlite:// or redis:// to look from outside."
        )
    try:
        engine = open_store(settings, wait_s=WAIT_S)
    except EngineUnavailableError as error:
        raise EngineUnavailableError(
            f"{error} Is the rig running? `scripts/up` starts it; DURAPY_ENGINE says where it is."
        ) from error
    with engine:
        yield engine


def sender() -> str:
    """Return who sends from here: `cli:USER`."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "cli"
