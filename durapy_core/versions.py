"""Former versions of each command: kept so that a change which breaks stored history is found.

A service puts the versions that it publishes into a table beside the catalog, where a newer one
replaces none. The janitor keeps the table short.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from durapy_core.catalog import PublishedCatalog, PublishedType
from durapy_core.engines.base import CATALOG, Engine

VERSIONS: Final = "versions"
"""Table: `TYPE/HASH` → a `PublishedType`; the age of a row: how long ago it was published last."""

MOST: Final = 10
"""So many versions of a command are kept, those published last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a command, and how long ago a service published it last, in seconds."""

    published: PublishedType
    age_s: float


def publish_catalog(engine: Engine, catalog: PublishedCatalog) -> None:
    """Put a service's catalog into the store, and each version in it beside the former ones.

    Raises:
        EngineError: the store did not take all of it; doing it again does no harm.
    """
    for published in catalog.types:
        text = published.model_copy(update={"roles": ()}).model_dump_json()
        engine.put(VERSIONS, f"{published.type}/{published.version}", text)
    engine.put(CATALOG, catalog.service, catalog.model_dump_json())


def load_versions(engine: Engine) -> dict[str, list[Version]]:
    """Return the kept versions of each wire type, the one published last first.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    found: dict[str, list[Version]] = {}
    for row in engine.table(VERSIONS).values():
        try:
            published = PublishedType.model_validate_json(row.text)
        except ValidationError:
            continue  # of a newer installation, or no version at all
        version = Version(published=published, age_s=row.age_s)
        found.setdefault(published.type, []).append(version)
    return {wire_type: _youngest_first(found[wire_type]) for wire_type in sorted(found)}


def drop_old_versions(engine: Engine, *, keep: int = MOST) -> None:
    """Remove all but the last `keep` versions of each command.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    for wire_type, versions in load_versions(engine).items():
        for version in versions[keep:]:
            engine.remove(VERSIONS, f"{wire_type}/{version.published.version}")


def _youngest_first(versions: Iterable[Version]) -> list[Version]:
    return sorted(versions, key=lambda version: version.age_s)
