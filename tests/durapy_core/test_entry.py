"""The values that engines take and return."""

from datetime import UTC, datetime

import pytest

from durapy_core.entry import MAX_BODY_BYTES, Entry, NewEntry, check_entry
from durapy_core.errors import InvalidCommandError


def test_an_entry_tells_its_time_in_utc() -> None:
    entry = Entry(key="1", sent_at_s=1_795_444_221.25, type="PING", body="{}")

    assert entry.sent_at == datetime(2026, 11, 23, 14, 30, 21, 250_000, tzinfo=UTC)


def test_entries_are_equal_by_what_they_hold() -> None:
    one, other = (Entry(key="1", sent_at_s=1.0, type="PING", body="{}") for _ in range(2))

    assert one == other
    assert hash(one) == hash(other)
    assert one != Entry(key="2", sent_at_s=1.0, type="PING", body="{}")


def test_an_entry_cannot_be_changed() -> None:
    new = NewEntry(type="PING", body="{}")

    with pytest.raises(AttributeError):
        new.body = "[]"  # type: ignore[misc]


def test_a_body_is_measured_in_bytes() -> None:
    check_entry(NewEntry(type="PING", body="é" * (MAX_BODY_BYTES // 2)))

    with pytest.raises(InvalidCommandError, match="8,388,610 bytes, the limit is 8,388,608"):
        check_entry(NewEntry(type="PING", body="é" * (MAX_BODY_BYTES // 2 + 1)))


def test_a_refusal_can_be_printed_whatever_it_is_about() -> None:
    with pytest.raises(InvalidCommandError) as caught:
        check_entry(NewEntry(type="\ud800", body="{}"))

    assert str(caught.value).isascii()
