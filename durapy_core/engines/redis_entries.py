"""The entries of an XREAD reply, taken straight from its bytes.

Our own senders write their fields in one order, so each costs one look at the bytes here; what is
not as they write it is left to `parse_entry`. This is the hottest code of a service: it runs twice
for each command that it answers, as it reads its own sends too.
"""

import re
from typing import Final

from durapy_core.entry import Entry

_END: Final = b"\r\n"
_KEY: Final = b"*2\r\n$"
_TYPE: Final = b"$4\r\ntype\r\n$"
_BODY: Final = b"$4\r\nbody\r\n$"
_ID: Final = b"$2\r\nid\r\n$"
_SENDER: Final = b"$6\r\nsender\r\n$"
_CAUSE: Final = b"$5\r\ncause\r\n$"
_N: Final = b"$1\r\nn\r\n$"
_COUNTED: Final = re.compile(r"[0-9]{1,9}")


class _UnusualError(Exception):
    """The bytes are not all there, or not as our own senders write them."""


def reply_head(stream: str) -> bytes:
    """Return what an XREAD reply with entries of `stream` begins with, before their number."""
    key = stream.encode()
    return b"*1\r\n*2\r\n$%d\r\n%b\r\n*" % (len(key), key)


def take_entries(reply: bytes, at: int, head: bytes) -> tuple[list[Entry], int] | None:
    """Return the entries of the reply that begins at `at`, and where it ends.

    None: it must be read in the general way, from `at` on.
    """
    if not reply.startswith(head, at):
        return None
    entries: list[Entry] = []
    try:
        count, at = _take_number(reply, at + len(head))
        for _ in range(count):
            entry, at = _take_entry(reply, at)
            entries.append(entry)
    except (ValueError, _UnusualError):
        return None
    return entries, at


def _take_entry(reply: bytes, at: int) -> tuple[Entry, int]:
    key, at = _take(reply, at, _KEY)
    count, at = _take_number(reply, at + 1)
    wire_type, at = _take(reply, at, _TYPE)
    body, at = _take(reply, at, _BODY)
    send_id, at = _take(reply, at, _ID)
    sender = cause = n = None
    left = count - 6
    if left and reply.startswith(_SENDER, at):
        sender, at = _take(reply, at, _SENDER)
        left -= 2
    if left and reply.startswith(_CAUSE, at):
        cause, at = _take(reply, at, _CAUSE)
        left -= 2
    if left and reply.startswith(_N, at):
        n, at = _take(reply, at, _N)
        left -= 2
    if left or not (n is None or _COUNTED.fullmatch(n)):
        raise _UnusualError
    entry = Entry(
        key=key,
        sent_at_s=int(key[: key.index("-")]) / 1000,
        type=wire_type,
        body=body,
        sender=sender,
        cause=cause,
        n=None if n is None else int(n),
        id=send_id,
    )
    return entry, at


def _take(reply: bytes, at: int, head: bytes) -> tuple[str, int]:
    """Return the text behind `head`, which ends before its length, and where the next begins."""
    if not reply.startswith(head, at):
        raise _UnusualError
    at += len(head)
    end = reply.index(_END, at)
    stop = end + 2 + int(reply[at:end])
    if stop + 2 > len(reply):
        raise _UnusualError
    return reply[end + 2 : stop].decode(), stop + 2


def _take_number(reply: bytes, at: int) -> tuple[int, int]:
    end = reply.index(_END, at)
    return int(reply[at:end]), end + 2
