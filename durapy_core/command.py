"""Commands: the typed, frozen messages that services exchange, and their stored records.

A command class is data. Defining one registers it nowhere, opens nothing and reads no setting.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from durapy_core.entry import RESERVED_TYPES, Entry
from durapy_core.errors import InvalidCommandError, Problem, RegistrationError

_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOptions:
    """What a command class says about itself beside its fields.

    Attributes:
        type: the wire type. Derived from the class name, and never changed afterwards.
        title: a name for people; None shows the wire type.
        group: the heading under which the console lists it.
        confirm: the console asks before it sends.
        actuates: it moves or delivers something in the world: refused in the safe state.
        max_age_s: older records are not executed; None: any age.
    """

    type: str
    title: str | None = None
    group: str | None = None
    confirm: bool = False
    actuates: bool = False
    max_age_s: float | None = None


class Command(BaseModel):
    """Base class of every command: a frozen pydantic model that refuses unknown fields.

    >>> class RewardCommand(Command, group="Task", actuates=True):
    ...     volume_ml: float
    >>> RewardCommand.options.type
    'REWARD'

    Class options are the keyword arguments of `CommandOptions`; a subclass does not inherit them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    options: ClassVar[CommandOptions]

    def __init_subclass__(cls, **_: Any) -> None:
        """Take the class options out of pydantic's way; the hook below keeps them."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Derive the wire type and keep the class options.

        Raises:
            RegistrationError: an option is unknown, or the wire type is not allowed or reserved.
        """
        wire_type = options.pop("type", None) or derive_wire_type(cls.__name__)
        if not _TYPE.fullmatch(wire_type):
            raise RegistrationError(
                f"{cls.__name__}: the wire type {wire_type!r} is not allowed; "
                'use capital letters, digits and _, as in type="REWARD".'
            )
        if wire_type in RESERVED_TYPES:
            raise RegistrationError(
                f"{cls.__name__}: the wire type {wire_type} is DuraPy's own; choose another name. "
                "To be called in the safe state, use @service.on_safe_state."
            )
        title = cls.model_config.get("title")  # a key of pydantic's own, so it lands there
        try:
            cls.options = CommandOptions(type=wire_type, title=title, **options)
        except TypeError as error:
            raise RegistrationError(
                f"{cls.__name__}: unknown class option among {sorted(options)}; a command class "
                "takes type, title, group, confirm, actuates and max_age_s."
            ) from error

    def to_json(self) -> str:
        """Return the body as it goes over the wire: JSON text, fields by their names."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, body: str) -> tuple[Self, int]:
        """Return the command in a stored body, and how many unknown fields were left out.

        Unknown fields are what a newer sender knows and this receiver does not.

        Raises:
            InvalidCommandError: the body does not fit this class.
        """
        try:
            return cls.model_validate_json(body), 0
        except ValidationError as error:
            unknown = [e for e in error.errors(include_url=False) if e["type"] == "extra_forbidden"]
            if not unknown or len(unknown) != error.error_count():
                raise _invalid(cls, error) from error
        try:
            return cls.model_validate_json(body, extra="ignore"), len(unknown)
        except ValidationError as error:
            raise _invalid(cls, error) from error


def session_label(default: Any = ..., **options: Any) -> Any:
    """Return a field whose value names the session in the console: a subject, a day, a run.

    Takes what `pydantic.Field` takes. One such field per initiating command.
    """
    extra = {**options.pop("json_schema_extra", {}), "session_label": True}
    return Field(default, json_schema_extra=extra, **options)


def label_of(command: Command) -> str | None:
    """Return the value of the field marked `session_label` as text, or None without one.

    An empty text names nothing, so it counts as none.
    """
    for name, field in type(command).model_fields.items():
        if _is_label(field):
            return str(getattr(command, name)).strip() or None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """A command as stored: its entry and, when it can be decoded, the command itself.

    Attributes:
        entry: what the engine holds.
        command: None when the entry cannot be decoded here.
        problem: why it cannot be decoded; None otherwise.
        unknown_fields: how many fields were left out on decoding.
    """

    entry: Entry
    command: Command | None = None
    problem: str | None = None
    unknown_fields: int = 0

    @property
    def key(self) -> str:
        """The ordered, opaque key."""
        return self.entry.key

    @property
    def sent_at(self) -> datetime:
        """When the store took it (UTC)."""
        return self.entry.sent_at


def derive_wire_type(class_name: str) -> str:
    """Return the wire type of a class name: `EndSessionCommand` gives `END_SESSION`."""
    stem = class_name.removesuffix("Command") or class_name
    return _WORD_START.sub("_", stem).upper()


def _is_label(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("session_label") is True


def _invalid(cls: type[Command], error: ValidationError) -> InvalidCommandError:
    problems = tuple(Problem(e["loc"], e["msg"]) for e in error.errors(include_url=False))
    listed = "; ".join(map(str, problems))
    return InvalidCommandError(f"{cls.options.type} is not valid: {listed}.", problems)
