"""What has been read from a log at once, as the messages that open browsers are sent."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from webserver.resume import Position

_MOST_BYTES: Final = 100_000


class Event(NamedTuple):
    """One event.

    Attributes:
        before: how far somebody has seen the logs who is to hear it next.
        text: the message.
    """

    before: Position
    text: str


@dataclass(frozen=True)
class Batch:
    """Some events of one log, at least one, in order."""

    events: Sequence[Event]

    @cached_property
    def as_one(self) -> Event:
        """All of it in one message, made once for everybody who takes it so."""
        if len(self.events) == 1:
            return self.events[0]
        texts = ",".join(event.text for event in self.events)
        return Event(self.events[0].before, f'{{"op":"events","events":[{texts}]}}')


def in_batches(events: Iterable[Event]) -> Iterator[Batch]:
    """Yield the events in order, in batches that end where they have 100 kB."""
    gathered: list[Event] = []
    size_bytes = 0
    for event in events:
        gathered.append(event)
        size_bytes += len(event.text)
        if size_bytes >= _MOST_BYTES:
            yield Batch(gathered)
            gathered, size_bytes = [], 0
    if gathered:
        yield Batch(gathered)
