"""What looks at the deployment every few seconds."""

from threading import Event
from typing import Any, cast

from durapy_core.engines.memory import MemoryEngine
from tests.support.log_lines import logged
from webserver.deployer.overview import Overview

LIMIT_S = 30


class Odd:
    """A manager that answers what nobody foresaw."""

    def __init__(self) -> None:
        self.asked = 0
        self.asked_again = Event()

    @property
    def mirror(self) -> None:
        self.asked += 1
        if self.asked > 1:
            self.asked_again.set()
        raise KeyError("State")


def test_an_unforeseen_answer_does_not_end_the_looking() -> None:
    manager = Odd()

    with logged() as lines, Overview(MemoryEngine(), cast("Any", manager)):
        assert manager.asked_again.wait(LIMIT_S)

    assert {line["message"] for line in lines} == {
        "what is deployed could not be looked at; trying again"
    }
