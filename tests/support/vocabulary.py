"""A small vocabulary for tests of the core, apart from the one of the rig."""

from pydantic import BaseModel, ConfigDict, Field

from durapy_core import Command, session_label


class BeginCommand(Command, type="TEST_BEGIN"):
    """Begins a session."""

    name: str = session_label("day")


class FinishCommand(Command, type="TEST_FINISH"):
    """Ends a session."""


class HintCommand(Command, type="TEST_HINT"):
    """Says something."""

    text: str = ""


class EchoCommand(Command, type="TEST_ECHO"):
    """Says it again."""

    text: str = ""


class Inner(BaseModel):
    """A part of a command."""

    model_config = ConfigDict(extra="forbid")
    a: int = 1


class DeepCommand(Command, type="TEST_DEEP"):
    """Holds a part."""

    inner: Inner
    size: int = Field(0, ge=0)
