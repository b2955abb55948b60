"""The catalog: wire type ↔ command class inside a process, and what a service publishes of it.

Inside a service the catalog decodes entries. For everybody else (console, command line) a service
publishes JSON Schemas and its part in each command, so that nobody has to import its classes.
"""

import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from durapy_core.command import Command, CommandRecord
from durapy_core.entry import Entry, NewEntry
from durapy_core.errors import InvalidCommandError, RegistrationError, UnknownCommandError
from durapy_core.schema_diff import essence_of

_HASH_DIGITS: Final = 12


class Role(StrEnum):
    """A service's part in a command."""

    BEGINS = "begins"
    ENDS = "ends"
    HANDLES = "handles"
    SENDS = "sends"


class PublishedType(BaseModel):
    """One command as a service publishes it: plain JSON, no class.

    Attributes:
        hash: the same for two versions of a command that are the same to a program; "" from a
            service that does not tell it, see `version`.
        schema_: its JSON Schema (draft 2020-12), as pydantic writes it for validation.
        roles: the service's part in it.
        The rest: see `CommandOptions`.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    type: str
    title: str | None = None
    group: str | None = None
    description: str = ""
    confirm: bool = False
    actuates: bool = False
    max_age_s: float | None = None
    roles: tuple[Role, ...] = ()
    hash: str = ""
    schema_: dict[str, Any]

    @property
    def version(self) -> str:
        """The hash, computed where the service that published it did not."""
        return self.hash or hash_of(self)


class PublishedCatalog(BaseModel):
    """All that one service publishes: the text kept in the engine's catalog table."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    types: tuple[PublishedType, ...]


class CommandCatalog:
    """The command classes that one process knows, by wire type."""

    def __init__(self, classes: Iterable[type[Command]] = ()) -> None:
        self._classes: dict[str, type[Command]] = {}
        for command_class in classes:
            self.add(command_class)

    def add(self, command_class: type[Command]) -> None:
        """Make a class known; adding it again changes nothing.

        Raises:
            RegistrationError: another class has the same wire type.
        """
        known = self._classes.setdefault(command_class.options.type, command_class)
        if known is not command_class:
            raise RegistrationError(
                f"{known.__qualname__} and {command_class.__qualname__} both have the wire type "
                f'{command_class.options.type}; give one of them type="…".'
            )

    def __contains__(self, wire_type: object) -> bool:
        """Return whether a class has this wire type."""
        return wire_type in self._classes

    def __iter__(self) -> Iterator[type[Command]]:
        """Return the known classes, in the order they were added."""
        return iter(self._classes.values())

    def find(self, wire_type: str) -> type[Command]:
        """Return the class of a wire type.

        Raises:
            UnknownCommandError: no class has it; the message names near ones.
        """
        try:
            return self._classes[wire_type]
        except KeyError:
            raise UnknownCommandError(unknown_type_message(wire_type, self._classes)) from None

    def decode(self, entry: Entry) -> CommandRecord:
        """Return the record of an entry; what cannot be decoded carries a `problem` instead."""
        if entry.type is None or entry.body is None:
            missing = "type" if entry.type is None else "body"
            return CommandRecord(entry=entry, problem=f"the entry has no field {missing!r}")
        command_class = self._classes.get(entry.type)
        if command_class is None:
            return CommandRecord(entry=entry, problem=f"no command is called {entry.type!r} here")
        try:
            command, unknown = command_class.from_json(entry.body)
        except InvalidCommandError as error:
            return CommandRecord(entry=entry, problem=str(error))
        return CommandRecord(entry=entry, command=command, unknown_fields=unknown)


def encode(command: Command, *, sender: str | None = None) -> NewEntry:
    """Return the entry of a command, ready to be appended."""
    return NewEntry(type=type(command).options.type, body=command.to_json(), sender=sender)


def publish_type(command_class: type[Command], roles: Iterable[Role]) -> PublishedType:
    """Return what a service publishes of one of its command classes."""
    options = command_class.options
    schema = command_class.model_json_schema(mode="validation")
    published = PublishedType(
        type=options.type,
        title=options.title,
        group=options.group,
        description=schema.get("description", ""),
        confirm=options.confirm,
        actuates=options.actuates,
        max_age_s=options.max_age_s,
        roles=tuple(roles),
        schema_=schema,
    )
    return published.model_copy(update={"hash": hash_of(published)})


def hash_of(published: PublishedType) -> str:
    """Return twelve hexadecimal digits of the SHA-256 of a command's schema and options.

    Texts for people do not count: titles, descriptions, examples, the group.
    """
    options = (published.confirm, published.actuates, published.max_age_s)
    text = json.dumps([essence_of(published.schema_), options], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def unknown_type_message(wire_type: str, known: Iterable[str]) -> str:
    """Return the sentence for a wire type that nobody knows, with near names."""
    asked = wire_type.upper()
    near = get_close_matches(asked, list(known), n=3, cutoff=0.5)
    near.sort(key=lambda name: sorted(name) != sorted(asked))  # swapped letters are likeliest
    hint = f'did you mean "{near[0]}"?' if near else "`durapy types` lists the known ones."
    return f"No command is called {json.dumps(wire_type, ensure_ascii=False)}; {hint}"
