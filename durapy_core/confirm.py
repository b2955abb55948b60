"""Sending a command and waiting until the services that matter have said what became of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Final

from durapy_core.aftermath import read_receipt
from durapy_core.command import CommandRecord
from durapy_core.engines.base import RECEIPTS, Engine
from durapy_core.entry import Cursor
from durapy_core.errors import EngineUnavailableError, SessionError
from durapy_core.fleet import load_fleet
from durapy_core.receipt import Outcome, Receipt
from durapy_core.status import ServiceState

_WAIT_S: Final = 0.2
_NOT_LEADING: Final = (ServiceState.STANDBY, ServiceState.STARTING, ServiceState.STOPPING)


class Answer(StrEnum):
    """What a service answered.

    Attributes:
        CONFIRMED: it has handled the record.
        FAILED: it has given a receipt that says something else than done.
        NO_ANSWER: it has given no receipt in time; it may still handle the record.
        UNKNOWN: the wait was cut short, or the store did not answer.
    """

    CONFIRMED = "confirmed"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What became of a command that was sent to be confirmed.

    Attributes:
        record: the command as stored.
        answers: for each service that was asked for.
        receipts: of those that answered.
    """

    record: CommandRecord
    answers: Mapping[str, Answer]
    receipts: Mapping[str, Receipt]

    @property
    def confirmed(self) -> bool:
        """Whether every service has handled it."""
        return all(answer is Answer.CONFIRMED for answer in self.answers.values())


def send_and_confirm(
    engine: Engine,
    send: Callable[[], CommandRecord],
    *,
    services: Iterable[str],
    timeout_s: float,
    stopping: Callable[[], bool],
) -> Confirmation:
    """Send, and wait until every service has given its receipt, or `stopping` or the time is over.

    Raises:
        SessionError: a service is not there to handle it: nothing was sent.
        EngineError: as `Context.send`.
    """
    wanted = tuple(services)
    check_there(engine, wanted)
    after = engine.end(RECEIPTS)
    record = send()
    deadline_s = monotonic() + timeout_s
    found: dict[str, Receipt] = {}
    away = False
    while len(found) < len(wanted) and not stopping():
        left_s = deadline_s - monotonic()
        if left_s <= 0:
            break
        try:
            entries = engine.read(RECEIPTS, after=after, wait_s=min(left_s, _WAIT_S))
        except EngineUnavailableError:
            away = True
            continue
        away = False
        for entry in entries:
            after = Cursor(entry.key)
            receipt = read_receipt(entry) if entry.cause == record.key else None
            if receipt is not None and receipt.service in wanted:
                found[receipt.service] = receipt
    none = Answer.UNKNOWN if away or stopping() else Answer.NO_ANSWER
    answers = {name: _answer(found.get(name), none) for name in wanted}
    return Confirmation(record=record, answers=answers, receipts=found)


def check_there(engine: Engine, services: Iterable[str]) -> None:
    """Return if each of the services is led by a process that is up.

    Raises:
        SessionError: one is not; the message names it.
    """
    leading = {
        heard.status.service
        for heard in load_fleet(engine)
        if heard.up and heard.status.state not in _NOT_LEADING
    }
    missing = sorted(set(services) - leading)
    if missing:
        raise SessionError(
            f"Nothing was sent: {', '.join(missing)} cannot confirm it now, being down or standing "
            "by; `durapy ps` shows who is up."
        )


def _answer(receipt: Receipt | None, none: Answer) -> Answer:
    if receipt is None:
        return none
    return Answer.CONFIRMED if receipt.outcome is Outcome.DONE else Answer.FAILED
