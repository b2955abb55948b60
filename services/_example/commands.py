"""The commands of the bare example: from the simplest to one with everything in it."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from durapy_core import Command, session_label


class Side(StrEnum):
    """Where something happens."""

    LEFT = "left"
    RIGHT = "right"


class Grating(BaseModel):
    """A part of a command: a model of its own, and frozen as a command is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["grating"] = "grating"
    orientation_deg: float = Field(0, ge=0, lt=180)
    contrast: float = Field(1, ge=0, le=1)


class Tone(BaseModel):
    """Another part, which a stimulus may be instead."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["tone"] = "tone"
    frequency_hz: float = Field(8000, gt=0)


class BeginExampleCommand(Command, title="Begin example", group="Example"):
    """Begins the example's session."""

    name: str = session_label("example", title="Name")
    trials: int = Field(3, ge=1, le=100)


class PresentCommand(Command, title="Present", group="Example"):
    """Asks for one trial: a command with nested models, choices, lists and mappings."""

    trial: int
    side: Side
    stimuli: tuple[Grating | Tone, ...] = Field(min_length=1)
    weights: dict[str, float] = Field(default_factory=dict)
    position: tuple[float, float] = (0, 0)
    note: str | None = None


class RespondedCommand(Command, title="Responded", group="Example"):
    """Says how a trial went."""

    trial: int
    correct: bool


class NoteCommand(Command, title="Note", group="Example"):
    """Carries a remark; heard at any time."""

    text: str


class NobodyHearsCommand(Command, title="Nobody hears", group="Example"):
    """Is on the log as every command, but this service has no handler for it."""


class EndExampleCommand(Command, title="End example", group="Example"):
    """Ends the example's session."""
