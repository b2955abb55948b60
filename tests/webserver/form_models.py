"""Eleven pydantic models that between them use everything a generated form must handle.

Each has an example that is valid and differs from the defaults. The browser tests fill a form with
it by label, or load it, and compare what the form sends with what the model makes of it.
"""

from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A model that refuses unknown fields, as commands do."""

    model_config = ConfigDict(extra="forbid")


class Scalars(Model):
    """Plain values with limits."""

    subject: str = Field(
        pattern=r"^[A-Z]\d{3}$", examples=["M214"], description="A letter and three digits"
    )
    note: str = Field("", max_length=200, json_schema_extra={"widget": "textarea"})
    trials: int = Field(120, ge=1, le=1000)
    volume: float = Field(0.15, gt=0, le=1, json_schema_extra={"unit": "mL"})
    step: float = Field(0.3, multiple_of=0.1)
    record_video: bool = True


class Hand(StrEnum):
    """Which hand."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class Task(StrEnum):
    """Which task: more than four, so a menu."""

    CENTER_OUT = "center_out"
    RANDOM_WALK = "random_walk"
    PURSUIT = "pursuit"
    REST = "rest"
    SHAM = "sham"


class Gain(IntEnum):
    """An amplifier's gain."""

    LOW = 1
    MIDDLE = 10
    HIGH = 100


class Choices(Model):
    """One of several."""

    hand: Hand = Hand.RIGHT
    task: Task
    gain: Gain = Gain.LOW
    mode: Literal["fast", "slow"] = "fast"
    version: Literal[2] = 2


class Optionals(Model):
    """Values that may be left unset."""

    seed: int | None = Field(None, ge=0, description="Random order when not set")
    label: str | None = None
    not_before: datetime | None = None
    hand: Hand | None = None
    must_say: float | None


class Point(Model):
    """A place in the plane."""

    x: float = Field(0, ge=-60, le=60, json_schema_extra={"unit": "mm"})
    y: float = Field(0, ge=-60, le=60, json_schema_extra={"unit": "mm"})


class Arm(Model):
    """A part made of a part."""

    name: str
    reach: Point = Point(x=1, y=2)


class Nested(Model):
    """Models in models."""

    left: Arm
    right: Arm = Arm(name="right")
    spare: Arm | None = None


class Tree(Model):
    """A model that holds itself."""

    name: str
    children: list["Tree"] = []


class Lists(Model):
    """Several of a kind."""

    targets: list[Point] = Field([Point(x=40), Point(y=40)], max_length=16)
    channels: list[int] = Field([1, 2], min_length=1)
    names: list[str] = []
    hands: list[Hand] = []


class Tuples(Model):
    """A fixed number of values."""

    inter_trial: tuple[float, float] = Field(
        (0.8, 1.2), json_schema_extra={"unit": "s", "labels": ["min", "max"]}
    )
    mixed: tuple[int, str, bool] = (1, "a", True)


class Sets(Model):
    """Each value once, and values by name."""

    bad_channels: set[int] = set()
    gains: dict[str, Annotated[float, Field(gt=0, le=8)]] = {}
    places: dict[str, Point] = {}


class Anything(Model):
    """What no form can know: edited as JSON."""

    payload: Any = None
    extra: dict[str, Any] = {}


class Sine(Model):
    """A sine wave."""

    kind: Literal["sine"] = "sine"
    frequency: float = Field(20, gt=0, le=300, json_schema_extra={"unit": "Hz"})


class Train(Model):
    """A train of pulses."""

    kind: Literal["train"] = "train"
    width: int = Field(200, ge=50, le=500, json_schema_extra={"unit": "µs"})
    polarity: Literal["cathodic", "anodic"] = "cathodic"


class Unions(Model):
    """One of several shapes."""

    stimulus: Annotated[Sine | Train, Field(discriminator="kind")] = Sine()
    maybe: Annotated[Sine | Train, Field(discriminator="kind")] | None = None
    count: int | str = 3
    where: Point | list[Point] = Point()


class Times(Model):
    """Moments and lengths of time."""

    at: datetime = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
    day: date = date(2026, 11, 26)
    wait: timedelta = timedelta(seconds=30)


EXAMPLES: tuple[Model, ...] = (
    Scalars(
        subject="M214", note="two\nlines", trials=240, volume=0.2, step=0.7, record_video=False
    ),
    Choices(hand=Hand.LEFT, task=Task.PURSUIT, gain=Gain.HIGH, mode="slow"),
    Optionals(
        seed=7,
        label="first",
        not_before=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
        hand=Hand.BOTH,
        must_say=0.5,
    ),
    Nested(left=Arm(name="left", reach=Point(x=-3, y=4)), spare=Arm(name="spare")),
    Tree(name="root", children=[Tree(name="a", children=[Tree(name="aa")]), Tree(name="b")]),
    Lists(targets=[Point(x=1, y=2)], channels=[5, 6, 7], names=["n1", ""], hands=[Hand.LEFT]),
    Tuples(inter_trial=(0.5, 2), mixed=(7, "z", False)),
    Sets(bad_channels={3, 9}, gains={"ch_17": 1.25}, places={"home": Point(x=5, y=6)}),
    Anything(payload={"deep": [1, "two", None]}, extra={"a": 1, "b": [True]}),
    Unions(stimulus=Train(width=300), maybe=Sine(frequency=40), count="many", where=[Point(x=1)]),
    Times(
        at=datetime(2026, 12, 1, 10, 15, 30, tzinfo=UTC),
        day=date(2026, 12, 24),
        wait=timedelta(minutes=2, seconds=5),
    ),
)
"""One valid example of each model, away from its defaults."""

MODELS: tuple[type[Model], ...] = tuple(type(example) for example in EXAMPLES)
"""The eleven models, in the order of their examples."""
