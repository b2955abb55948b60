"""An engine against a plain list: hypothesis calls both at random and compares them.

def test_it_behaves_like_a_list(engine):
    check_against_a_list(engine)
"""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from durapy_core.engines.base import Engine, Progress
from durapy_core.entry import START, Cursor, Entry, NewEntry

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_MAYBE_TEXT = st.none() | _TEXT
_LIMITS = st.integers(1, 12)
_NEW = st.builds(
    NewEntry,
    type=_TEXT,
    body=_TEXT,
    sender=_MAYBE_TEXT,
    id=st.none() | st.sampled_from(["a/1", "a/2", "b/1"]),
    sent_ns=st.none() | st.integers(0, 2**62),
)
_NAMES = st.sampled_from(["ponger", "pinger/1", "é"])


def check_against_a_list(engine: Engine, *, examples: int = 25, steps: int = 30) -> None:
    """Run random calls on `engine` and on a list, each example in a log of its own."""
    numbers = count()

    class Machine(_Model):
        def __init__(self) -> None:
            super().__init__(engine, f"model-{next(numbers)}")

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class _Model(RuleBasedStateMachine):
    def __init__(self, engine: Engine, log: str) -> None:
        super().__init__()
        self.engine, self.log = engine, log
        self.entries: list[Entry] = []
        self.progress: dict[str, Progress] = {}
        self.lines: dict[str, str] = {}

    @rule(new=_NEW)
    def append(self, new: NewEntry) -> None:
        self._expect([new], [self.engine.append(self.log, new)])

    @rule(new=st.lists(_NEW, max_size=5))
    def append_many(self, new: list[NewEntry]) -> None:
        self._expect(new, self.engine.append_many(self.log, new))

    @rule(data=st.data(), limit=_LIMITS, waits=st.booleans())
    def read(self, data: Any, limit: int, waits: bool) -> None:  # noqa: FBT001 (drawn)
        start = data.draw(st.integers(0, len(self.entries)))
        wait_s = 0.001 if waits else 0.0

        found = self.engine.read(self.log, after=self._cursor(start), limit=limit, wait_s=wait_s)

        assert found == self.entries[start : start + limit]

    @rule(data=st.data(), limit=_LIMITS)
    def page(self, data: Any, limit: int) -> None:
        stop = data.draw(st.integers(0, len(self.entries)))
        before = Cursor(self.entries[stop].key) if stop < len(self.entries) else None

        found = self.engine.page(self.log, before=before, limit=limit)

        assert found == self.entries[max(stop - limit, 0) : stop][::-1]

    @rule(data=st.data())
    def get(self, data: Any) -> None:
        if self.entries:
            entry = data.draw(st.sampled_from(self.entries))
            assert self.engine.get(self.log, entry.key) == entry

    @rule(data=st.data())
    def compare(self, data: Any) -> None:
        indices = st.integers(0, len(self.entries))
        one, other = data.draw(indices), data.draw(indices)

        order = self.engine.compare(self._cursor(one), self._cursor(other))

        assert order == (one > other) - (one < other)

    @rule(service=_NAMES, session=_MAYBE_TEXT, data=st.data(), through_read=st.booleans())
    def commit(self, service: str, session: str | None, data: Any, through_read: bool) -> None:  # noqa: FBT001 (drawn)
        cursor = self._cursor(data.draw(st.integers(0, len(self.entries))))
        progress = Progress(service=f"{self.log}-{service}", cursor=cursor, session=session)

        if through_read:
            self.engine.read(self.log, after=START, limit=1, commit=progress)
        else:
            self.engine.commit(progress)

        self.progress[progress.service] = progress

    @rule(name=_NAMES, text=_TEXT)
    def put(self, name: str, text: str) -> None:
        self.engine.put(self.log, name, text)
        self.lines[name] = text

    @rule(name=_NAMES)
    def remove(self, name: str) -> None:
        self.engine.remove(self.log, name)
        self.lines.pop(name, None)

    @invariant()
    def the_end_and_the_state_are_the_same(self) -> None:
        assert self.engine.end(self.log) == self._cursor(len(self.entries))
        for service, progress in self.progress.items():
            assert self.engine.load_progress(service) == progress
        lines = self.engine.table(self.log)
        assert {name: row.text for name, row in lines.items()} == self.lines

    def _cursor(self, index: int) -> Cursor:
        return Cursor(self.entries[index - 1].key) if index else START

    def _expect(self, new: list[NewEntry], stored: list[Entry]) -> None:
        assert len(stored) == len(new)
        for sent, kept in zip(new, stored, strict=True):
            known = [entry for entry in self.entries if sent.id and entry.id == sent.id]
            if known:
                assert kept == known[0]
            else:
                assert _content(kept) == _content(sent)
                assert sent.id in {None, kept.id}  # an engine may name a send by itself
                self.entries.append(kept)


def _content(entry: Entry | NewEntry) -> tuple[object, ...]:
    return (entry.type, entry.body, entry.sender, entry.cause, entry.n, entry.sent_ns)
