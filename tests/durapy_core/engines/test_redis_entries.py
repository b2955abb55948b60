"""What is taken straight from the bytes is what the general way finds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from durapy_core.engines.redis_entries import reply_head, take_entries
from durapy_core.engines.redis_wire import parse_entry

STREAM = "durapy:{rig}:commands"
HEAD = reply_head(STREAM)
ORDER = (b"type", b"body", b"id", b"sender", b"cause", b"n")
TEXT = st.text(max_size=12).map(lambda text: text.encode(errors="replace"))
TRICKY = st.sampled_from(
    [b"", b"\r\n", b"$4\r\nbody\r\n$2\r\n{}\r\n", b"*2\r\n$3\r\n1-0\r\n", b"\xff"]
)
ODD_NUMBERS = st.sampled_from([b"-5", b"+5", b" 5", b"1_0", "٣".encode(), b"9" * 40, b"007"])
VALUE = TEXT | TRICKY
NUMBER = st.integers(0, 10**6).map(lambda n: b"%d" % n) | ODD_NUMBERS | VALUE


@st.composite
def raw_entries(draw: st.DrawFn) -> list[list[object]]:
    """Entries as Redis holds them: most as we write them, some as a stranger does."""
    entries: list[list[object]] = []
    for number in range(draw(st.integers(1, 4))):
        names = [*ORDER[:3], *(name for name in ORDER[3:] if draw(st.booleans()))]
        if draw(st.integers(0, 4)) == 0:
            names = draw(st.lists(st.sampled_from([*ORDER, b"sent_ns", b"other"]), min_size=1))
        fields: list[bytes] = []
        for name in names:
            fields += [name, draw(NUMBER if name in {b"n", b"sent_ns"} else VALUE)]
        entries.append([b"%d-%d" % (1_795_444_221_000 + number, number), fields])
    return entries


@given(raw=raw_entries(), before=st.binary(max_size=5), after=st.binary(max_size=5))
@settings(max_examples=400, deadline=None)
def test_both_ways_agree(raw: list[list[object]], before: bytes, after: bytes) -> None:
    reply = HEAD + b"%d\r\n" % len(raw) + b"".join(map(_pack, raw))

    taken = take_entries(before + reply + after, len(before), HEAD)

    if taken is not None:
        assert taken == ([parse_entry(each) for each in raw], len(before) + len(reply))


@pytest.mark.parametrize("optional", [ORDER[3:3], ORDER[3:4], ORDER[4:], ORDER[3:]])
def test_what_we_write_ourselves_is_taken_at_once(optional: tuple[bytes, ...]) -> None:
    fields = [part for name in (*ORDER[:3], *optional) for part in (name, b"7")]
    raw = [[b"1795444221231-0", fields]] * 3
    reply = HEAD + b"3\r\n" + b"".join(map(_pack, raw))

    assert take_entries(reply, 0, HEAD) == ([parse_entry(each) for each in raw], len(reply))


def test_a_reply_that_is_not_all_there_is_left_alone() -> None:
    fields = [part for name in ORDER for part in (name, b"7")]
    reply = HEAD + b"1\r\n" + _pack([b"1795444221231-0", fields])

    for length in range(len(reply)):
        assert take_entries(reply[:length], 0, HEAD) is None


@pytest.mark.parametrize("reply", [b"*-1\r\n", b"-ERR no\r\n", reply_head("other") + b"1\r\n", b""])
def test_another_reply_is_left_alone(reply: bytes) -> None:
    assert take_entries(reply, 0, HEAD) is None


def _pack(value: object) -> bytes:
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    assert isinstance(value, list)
    return b"*%d\r\n%b" % (len(value), b"".join(map(_pack, value)))
