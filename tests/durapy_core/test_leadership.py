"""The thread that renews the lease of a service."""

from threading import Event

from durapy_core.errors import EngineUnavailableError
from durapy_core.leadership import LeaseKeeper
from tests.support.log_lines import logged

LIMIT_S = 30


def test_no_error_ends_the_renewing_of_a_lease() -> None:
    renewed = Event()
    answers = iter([EngineUnavailableError("the store is away"), ValueError("what is this"), None])

    def renew() -> None:
        answer = next(answers, None)
        if answer is not None:
            raise answer
        renewed.set()

    with logged() as lines, LeaseKeeper(renew, every_s=0.01):
        assert renewed.wait(LIMIT_S)

    assert [line["message"] for line in lines] == ["the lease could not be renewed; trying again"]
