"""The entries of an XREAD reply, taken straight from its bytes.

Our own senders write their fields in one order, so two patterns take an entry apart; what is not as
they write it is left to `parse_entry`. This is the hottest code of a service: it runs twice
for each command that it answers, as it reads its own sends too.
"""

import re
from typing import Final

from durapy_core.entry import Entry

_END: Final = b"\r\n"
_HEAD: Final = re.compile(
    rb"\*2\r\n\$([0-9]+)\r\n(([0-9]+)-[0-9]+)\r\n\*([0-9]+)\r\n"
    rb"\$4\r\ntype\r\n\$([0-9]+)\r\n([^\r]*)\r\n\$4\r\nbody\r\n\$([0-9]+)\r\n"
)
"""All of an entry before its body: length and text of the key, its time, the number of fields and
values, length and text of the type, length of the body."""

_TAIL: Final = re.compile(
    rb"\r\n\$2\r\nid\r\n\$([0-9]+)\r\n([^\r]*)\r\n"
    rb"(?:\$6\r\nsender\r\n\$([0-9]+)\r\n([^\r]*)\r\n)?"
    rb"(?:\$5\r\ncause\r\n\$([0-9]+)\r\n([^\r]*)\r\n)?"
    rb"(?:\$1\r\nn\r\n\$([0-9])\r\n([0-9]{1,9})\r\n)?"
)
"""What follows the body: length and text of the id, and of the sender, cause and n, if given."""

_ALWAYS: Final = 6
"""So many fields and values has an entry without sender, cause and n."""


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
    at += len(head)
    entries: list[Entry] = []
    try:
        end = reply.index(_END, at)
        count, at = int(reply[at:end]), end + 2
        for _ in range(count):
            taken = _take_entry(reply, at)
            if taken is None:
                return None
            entry, at = taken
            entries.append(entry)
    except ValueError:  # no number, or text that is not UTF-8
        return None
    return entries, at


def _take_entry(reply: bytes, at: int) -> tuple[Entry, int] | None:
    """Return one entry and where the next begins; None if it is unusual, or not all of it there.

    A text that holds a line end is cut short by the patterns, so every length is compared.
    """
    head = _HEAD.match(reply, at)
    if head is None:
        return None
    key_size, key, time_ms, values, type_size, wire_type, body_size = head.groups()
    start = head.end()
    stop = start + int(body_size)
    tail = _TAIL.match(reply, stop)
    if tail is None:
        return None
    id_size, send_id, sender_size, sender, cause_size, cause, n_size, n = tail.groups()
    if (
        len(key) != int(key_size)
        or len(wire_type) != int(type_size)
        or len(send_id) != int(id_size)
        or (sender is not None and len(sender) != int(sender_size))
        or (cause is not None and len(cause) != int(cause_size))
        or (n is not None and len(n) != int(n_size))
        or int(values) != _ALWAYS + 2 * (3 - (sender, cause, n).count(None))
    ):
        return None
    entry = Entry(
        key=key.decode(),
        sent_at_s=int(time_ms) / 1000,
        type=wire_type.decode(),
        body=reply[start:stop].decode(),
        sender=None if sender is None else sender.decode(),
        cause=None if cause is None else cause.decode(),
        n=None if n is None else int(n),
        id=send_id.decode(),
    )
    return entry, tail.end()
