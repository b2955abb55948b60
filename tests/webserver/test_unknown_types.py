from durapy_core.catalog import Role
from durapy_core.command import Command
from durapy_core.engines.memory import MemoryEngine
from tests.support.console import Console, publish
from tests.support.log_lines import logged
from tests.support.waiting import wait_for


class LateCommand(Command):
    """Is published after it was first sent."""


def test_a_type_that_no_service_publishes_is_warned_of_once(console: Console) -> None:
    with logged() as records:
        first = console.append("{}", "PNIG", sender="matlab")
        console.append("{}", "PNIG")
        wait_for(lambda: any("PNIG" in r["message"] for r in records), "a warning")
        console.append("{}", "OTHER")
        wait_for(lambda: any("OTHER" in r["message"] for r in records), "a second warning")

    told = [r for r in records if "PNIG" in r["message"]]
    assert [r["level"].name for r in told] == ["WARNING"]
    assert (told[0]["extra"]["key"], told[0]["extra"]["sender"]) == (first.key, "matlab")


def test_a_type_that_is_published_while_its_first_record_is_sent_is_no_stranger(
    console: Console, engine: MemoryEngine
) -> None:
    with logged() as records:
        publish(engine, "late", Role.HANDLES, command=LateCommand)
        console.append("{}", "LATE")
        console.append("{}", "STRANGER")
        wait_for(lambda: any("STRANGER" in r["message"] for r in records), "a warning")

    assert not any("LATE" in r["message"] for r in records)


def test_a_record_of_a_known_type_or_of_none_is_not_warned_of_here(console: Console) -> None:
    with logged() as records:
        console.append('{"key": "a1"}', "PING")
        console.append("{}", "STRANGER")
        wait_for(lambda: any("STRANGER" in r["message"] for r in records), "a warning")

    assert [r for r in records if "no service publishes" in r["message"]] == [
        r for r in records if "STRANGER" in r["message"]
    ]
