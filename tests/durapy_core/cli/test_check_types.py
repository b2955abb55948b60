"""`durapy types --check`: which stored records a change has broken."""

import json

from pydantic import Field

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines.base import COMMANDS
from durapy_core.engines.safe_state import marker_of
from durapy_core.entry import NewEntry
from durapy_core.exit_codes import ExitCode
from durapy_core.versions import publish_catalog
from tests.support.cli import Cli


class Drop(Command, type="DROP"):
    volume_ml: float = Field(gt=0, le=10)
    note: str = ""


class SmallDrop(Command, type="DROP"):
    volume_ml: float = Field(gt=0, le=1)


class Old(Command, type="OLD"):
    pass


def publish(cli: Cli, *classes: type[Command]) -> list[str]:
    """Publish these as the service `valve` does at its start; return their versions."""
    types = tuple(publish_type(cls, [Role.HANDLES]) for cls in classes)
    with cli.open_engine() as engine:
        publish_catalog(engine, PublishedCatalog(service="valve", types=types))
    return [published.version for published in types]


def drop(cli: Cli, volume_ml: object, **more: object) -> str:
    return cli.append("DROP", json.dumps({"volume_ml": volume_ml, **more})).key


def test_a_history_that_fits_is_said_to(empty_cli: Cli) -> None:
    publish(empty_cli, Drop)
    drop(empty_cli, 5)

    result = empty_cli("types", "--check")

    assert (result.code, result.out) == (0, "Every stored record fits (1 looked at).\n")


def test_records_that_no_longer_fit_are_named_with_a_key_and_the_field(empty_cli: Cli) -> None:
    (former,) = publish(empty_cli, Drop)
    first = drop(empty_cli, 5)
    drop(empty_cli, 9)
    drop(empty_cli, 0.5)
    publish(empty_cli, SmallDrop)

    result = empty_cli("types", "--check")
    document = json.loads(empty_cli("types", "--check", "--json").out)

    assert result.code == ExitCode.BROKEN
    row = result.out.splitlines()[1].split()
    assert row[:6] == ["DROP", "2", "no", "longer", "fits", first]
    assert "volume_ml: At most 1" in result.out
    assert row[-1] == former
    (finding,) = document["findings"]
    assert (finding["state"], finding["count"], finding["key"]) == ("broken", 2, first)
    assert document["looked_at"] == 3


def test_a_field_that_is_gone_breaks_nothing_as_receivers_leave_it_out(empty_cli: Cli) -> None:
    publish(empty_cli, Drop)
    drop(empty_cli, 0.5, note="large")
    publish(empty_cli, SmallDrop)

    assert empty_cli("types", "--check").code == 0


def test_a_type_that_nobody_publishes_any_more_is_named(empty_cli: Cli) -> None:
    publish(empty_cli, Old, Drop)
    key = empty_cli.append("OLD").key
    publish(empty_cli, Drop)

    result = empty_cli("types", "--check")

    assert result.code == ExitCode.BROKEN
    assert result.out.splitlines()[1].split()[:6] == ["OLD", "1", "type", "is", "gone", key]


def test_a_record_that_never_fitted_is_told_from_one_that_broke(empty_cli: Cli) -> None:
    publish(empty_cli, Drop)
    drop(empty_cli, "much")
    empty_cli.append("DROP", "{")
    empty_cli.append("PNIG")
    marker = NewEntry(type="SAFE_STATE", body='{"reason":"test"}')
    with empty_cli.open_engine() as engine:
        engine.append(COMMANDS, marker_of(marker, "1"))

    result = empty_cli("types", "--check")

    assert result.code == 0
    assert [line.split()[:4] for line in result.out.splitlines()[1:]] == [
        ["DROP", "2", "never", "fitted"],
        ["PNIG", "1", "never", "fitted"],
    ]


def test_one_type_may_be_looked_at_alone(empty_cli: Cli) -> None:
    publish(empty_cli, Old, Drop)
    empty_cli.append("OLD")
    publish(empty_cli, Drop)

    assert empty_cli("types", "DROP", "--check").code == 0
    assert empty_cli("types", "OLD", "--check").code == ExitCode.BROKEN


def test_a_change_is_shown_until_a_check_has_found_the_records_well(empty_cli: Cli) -> None:
    (former,) = publish(empty_cli, Drop)
    drop(empty_cli, 0.5)
    publish(empty_cli, SmallDrop)

    before = empty_cli("types").out
    empty_cli("types", "--check")
    after = empty_cli("types").out

    assert f"DROP: volume_ml.maximum differs from version {former}" in before
    assert "differs" not in after


def test_a_change_that_broke_records_is_shown_with_one_of_them(empty_cli: Cli) -> None:
    publish(empty_cli, Drop)
    key = drop(empty_cli, 5)
    publish(empty_cli, SmallDrop)

    empty_cli("types", "--check")

    shown = empty_cli("types", "DROP").out
    assert f"changed: stored records no longer fit (1), such as {key}: volume_ml: " in shown
    changed = json.loads(empty_cli("types", "DROP", "--json").out)["changed"]
    assert changed in shown


def test_a_version_published_after_a_check_asks_for_another_one(empty_cli: Cli) -> None:
    publish(empty_cli, SmallDrop)
    empty_cli("types", "--check")
    publish(empty_cli, Drop)
    drop(empty_cli, 5)
    publish(empty_cli, SmallDrop)

    assert "`durapy types --check` tells" in empty_cli("types").out


def test_a_service_that_is_behind_is_marked(cli: Cli) -> None:
    class SayCommand(Command):
        text: str
        loud: bool = False

    cli.publish(SayCommand, service="newer")

    line = next(line for line in cli("types").out.splitlines() if line.startswith("SAY"))

    assert line.rstrip().endswith("newer (down), reward (down, older)")
