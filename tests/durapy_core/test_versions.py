"""The versions of a command that are kept beside the catalog."""

from durapy_core import Context, Service
from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines.base import CATALOG
from durapy_core.engines.memory import MemoryEngine
from durapy_core.testing.harness import ServiceHarness
from durapy_core.versions import VERSIONS, drop_old_versions, load_versions, publish_catalog


def valve(**fields: type) -> type[Command]:
    """Return a version of one command with these required fields."""
    return type(
        "Valve", (Command,), {"__annotations__": fields, "__module__": __name__}, type="VALVE"
    )


def publish(engine: MemoryEngine, command: type[Command]) -> str:
    published = publish_type(command, [Role.HANDLES])
    publish_catalog(engine, PublishedCatalog(service="rig", types=(published,)))
    return published.version


def versions(engine: MemoryEngine) -> list[str]:
    return [version.published.version for version in load_versions(engine)["VALVE"]]


def test_a_service_that_starts_keeps_its_versions_beside_the_former_ones() -> None:
    with MemoryEngine() as engine:
        former = publish(engine, valve(volume_ml=float))
        service = Service("rig")

        @service.on(valve(volume_ml=float, side=str))
        def open_valve(command: Command, ctx: Context) -> None:
            """Open the valve."""

        with ServiceHarness(service, engine=engine):
            now = versions(engine)

        assert set(engine.table(CATALOG)) == {"rig"}
    assert len(now) == 2
    assert now[1] == former


def test_a_version_that_is_published_again_is_kept_once_and_counts_as_the_last() -> None:
    with MemoryEngine() as engine:
        first = publish(engine, valve(volume_ml=float))
        second = publish(engine, valve(side=str))
        publish(engine, valve(volume_ml=float))

        assert versions(engine) == [first, second]


def test_only_the_versions_published_last_are_kept() -> None:
    with MemoryEngine() as engine:
        told = [publish(engine, valve(**{f"field_{n}": int})) for n in range(5)]
        engine.put(VERSIONS, "VALVE/odd", "what is this")

        drop_old_versions(engine, keep=2)

        assert versions(engine) == [told[4], told[3]]
