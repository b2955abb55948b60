"""The commands that the services of a rig publish, merged: for whoever has no command class.

The web server and the command line know commands only from here. A service that is copied and
started is in the catalog a moment later; one that is down stays in it, marked as not running.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal

from loguru import logger
from pydantic import ValidationError

from durapy_core.catalog import PublishedCatalog, PublishedType, Role, unknown_type_message
from durapy_core.engines.base import CATALOG, Engine, Row
from durapy_core.errors import InvalidCommandError, UnknownCommandError
from durapy_core.fleet import Heard, load_fleet
from durapy_core.schema_check import Check, compile_schema
from durapy_core.schema_diff import compare_schemas

_LONGEST_TYPE = 64


Relation = Literal["same", "older", "newer", "conflict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A service's part in a command, and whether that service is running now.

    Attributes:
        hash: of the version of the command that it publishes.
        version: how that relates to the one that counts: `older` lacks optional fields, `newer` has
            more, any other difference is a `conflict`.
    """

    service: str
    roles: tuple[Role, ...]
    running: bool
    hash: str
    version: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownType:
    """One command, put together from all services that publish it.

    Attributes:
        schema: the newest of the published JSON Schemas.
        hash: of the version that is from; see `PublishedType.hash`.
        services: who publishes it, by name.
        conflict: how the services disagree about it; None if they do not.
        The rest: see `durapy_core.command.CommandOptions`.
    """

    type: str
    title: str | None
    group: str | None
    description: str
    confirm: bool
    actuates: bool
    max_age_s: float | None
    schema: dict[str, Any]
    hash: str
    services: tuple[Publisher, ...]
    conflict: str | None

    @property
    def running(self) -> int:
        """How many of its services are running now."""
        return sum(publisher.running for publisher in self.services)

    def to_json(self) -> dict[str, Any]:
        """Return it as the API and `durapy types --json` show it."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        services = [asdict(publisher) for publisher in self.services]
        return {**shown, "services": services, "running": self.running}


class KnownTypes:
    """Every command that some service publishes or has published, by wire type."""

    def __init__(self, catalogs: Iterable[PublishedCatalog], up: Iterable[str]) -> None:
        running = frozenset(up)
        versions: dict[str, list[tuple[str, PublishedType]]] = {}
        for catalog in sorted(catalogs, key=lambda catalog: catalog.service):
            for published in catalog.types:
                versions.setdefault(published.type, []).append((catalog.service, published))
        self._types = {name: _merge(versions[name], running) for name in sorted(versions)}
        self._checks: dict[str, Check] = {}

    def __iter__(self) -> Iterator[KnownType]:
        """Return the commands, ordered by wire type."""
        return iter(self._types.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._types)

    def __contains__(self, wire_type: object) -> bool:
        """Return whether some service publishes this wire type."""
        return wire_type in self._types

    def find(self, wire_type: str) -> KnownType:
        """Return the command of a wire type.

        Raises:
            UnknownCommandError: no service publishes it; the message names a near one.
        """
        try:
            return self._types[wire_type]
        except KeyError:
            shown = wire_type[:_LONGEST_TYPE]
            raise UnknownCommandError(unknown_type_message(shown, self._types)) from None

    def check(self, wire_type: str, body: object) -> None:
        """Return if a body fits its command.

        Raises:
            UnknownCommandError: no service publishes this wire type.
            InvalidCommandError: it does not fit; `problems` says where, in plain words.
        """
        check = self._checks.get(wire_type)
        if check is None:
            check = self._checks[wire_type] = compile_schema(self.find(wire_type).schema)
        problems = check(body)
        if problems:
            count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
            listed = "; ".join(map(str, problems[:5]))
            more = "; …" if len(problems) > 5 else ""  # noqa: PLR2004 (as many as are listed)
            raise InvalidCommandError(f"{count}: {listed}{more}", problems)


def load_known_types(engine: Engine, fleet: Iterable[Heard] | None = None) -> KnownTypes:
    """Return what the services publish now; `fleet` saves a look at the status table.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    heard = load_fleet(engine) if fleet is None else fleet
    return known_types(engine.table(CATALOG), heard)


def known_types(rows: Mapping[str, Row], fleet: Iterable[Heard]) -> KnownTypes:
    """Return what the rows of the catalog table say; an unreadable one is logged and left out."""
    catalogs = [catalog for row in rows.values() if (catalog := _parse(row.text)) is not None]
    return KnownTypes(catalogs, (heard.status.service for heard in fleet if heard.up))


def _merge(versions: list[tuple[str, PublishedType]], up: frozenset[str]) -> KnownType:
    """Return one command of all that is published of it; running services count first."""
    counting = [version for version in versions if version[0] in up] or versions
    newest, conflict = _newest(counting)
    return KnownType(
        type=newest.type,
        title=newest.title,
        group=newest.group,
        description=newest.description,
        confirm=any(published.confirm for _, published in counting),
        actuates=any(published.actuates for _, published in counting),
        max_age_s=newest.max_age_s,
        schema=newest.schema_,
        hash=newest.version,
        services=tuple(
            Publisher(
                service=name,
                roles=published.roles,
                running=name in up,
                hash=published.version,
                version=relation(published, newest),
            )
            for name, published in versions
        ),
        conflict=conflict,
    )


def relation(one: PublishedType, other: PublishedType) -> Relation:
    """Return how version `one` of a command relates to version `other`."""
    difference = compare_schemas(one.schema_, other.schema_)
    if difference.clash or (difference.more and difference.fewer) or _actuate_apart(one, other):
        return "conflict"
    if difference.more:
        return "newer"
    return "older" if difference.fewer else "same"


def _actuate_apart(one: PublishedType, other: PublishedType) -> bool:
    """Return whether only one of two versions is refused in the safe state."""
    return one.actuates != other.actuates


def _newest(versions: list[tuple[str, PublishedType]]) -> tuple[PublishedType, str | None]:
    """Return the version that takes all that the others take; without one, any and the reason."""
    for _, published in versions:
        if all(relation(published, v) in ("same", "newer") for _, v in versions):
            return published, None
    handled = [published for _, published in versions if Role.HANDLES in published.roles]
    return (handled or [versions[0][1]])[0], _disagreement(versions)


def _disagreement(versions: list[tuple[str, PublishedType]]) -> str:
    apart: list[str] = []
    for (name, one), (other_name, other) in combinations(versions, 2):
        difference = compare_schemas(one.schema_, other.schema_)
        clash = difference.clash or ("actuates" if _actuate_apart(one, other) else None)
        where = clash or ", ".join((*difference.more, *difference.fewer))
        text = f"{name} and {other_name} disagree about {where}; restart both on one revision."
        if clash:
            return text
        apart.append(text)
    return apart[0]


@lru_cache(maxsize=1024)
def _parse(text: str) -> PublishedCatalog | None:
    try:
        return PublishedCatalog.model_validate_json(text)
    except ValidationError as error:
        logger.warning(
            "a row of the catalog table cannot be read and is left out: {why}",
            why=error.errors(include_url=False)[0]["msg"],
            row=text[:200],
        )
        return None
