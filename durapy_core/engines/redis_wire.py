"""What goes over the wire to Redis: requests as bytes, replies as entries. No I/O, no driver.

XADD and XREAD are packed by hand because every command passes here: redis-py's packer takes a
multiple of the time. The fields of an entry are the public wire format of docs/reference.md.
"""

import re
from typing import Any, Final

from durapy_core.engines.redis_entries import reply_head
from durapy_core.entry import Entry, NewEntry
from durapy_core.errors import CorruptRecordError

_KEY: Final = re.compile(r"(0|[1-9][0-9]{0,19})-(0|[1-9][0-9]{0,19})", re.ASCII)
FIRST: Final = "0-0"
"""The key before every other one."""

_LONGEST_NUMBER: Final = 20  # the digits of 2^63 and a sign
_MOST_HEADS: Final = 100


def pack(*parts: bytes | str | int) -> bytes:
    """Return one request as bytes."""
    packed = [b"*%d\r\n" % len(parts)]
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        packed.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(packed)


class XaddPacker:
    """Packs the XADD of entries for one stream."""

    def __init__(self, stream: str) -> None:
        key = stream.encode()
        self._head = b"$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$4\r\ntype\r\n" % (len(key), key)

    def pack(self, entry: NewEntry, send_id: str) -> bytes:
        """Return the request that appends `entry` under `send_id`."""
        wire_type, body, name = entry.type.encode(), entry.body.encode(), send_id.encode()
        packed = b"$%d\r\n%b\r\n$4\r\nbody\r\n$%d\r\n%b\r\n$2\r\nid\r\n$%d\r\n%b\r\n" % (
            len(wire_type),
            wire_type,
            len(body),
            body,
            len(name),
            name,
        )
        count = 9
        if entry.sender is not None:
            sender = entry.sender.encode()
            packed += b"$6\r\nsender\r\n$%d\r\n%b\r\n" % (len(sender), sender)
            count += 2
        if entry.cause is not None:
            cause = entry.cause.encode()
            packed += b"$5\r\ncause\r\n$%d\r\n%b\r\n" % (len(cause), cause)
            count += 2
        if entry.n is not None:
            n = b"%d" % entry.n
            packed += b"$1\r\nn\r\n$%d\r\n%b\r\n" % (len(n), n)
            count += 2
        if entry.sent_ns is not None:
            sent_ns = b"%d" % entry.sent_ns
            packed += b"$7\r\nsent_ns\r\n$%d\r\n%b\r\n" % (len(sent_ns), sent_ns)
            count += 2
        return b"*%d\r\n%b%b" % (count, self._head, packed)


class ReceiptPacker:
    """Packs the XADD of receipts: entries that have a sender and a cause, and nothing further."""

    def __init__(self, stream: str) -> None:
        key = stream.encode()
        self._format = (
            b"*11\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$4\r\ntype\r\n" % (len(key), key)
        ).replace(b"%", b"%%") + (
            b"$%d\r\n%b\r\n$4\r\nbody\r\n$%d\r\n%b\r\n"
            b"$6\r\nsender\r\n$%d\r\n%b\r\n$5\r\ncause\r\n$%d\r\n%b\r\n"
        )

    def pack(self, entry: NewEntry) -> bytes:
        """Return the request that appends a receipt."""
        kind, body = entry.type.encode(), entry.body.encode()
        sender, cause = (entry.sender or "").encode(), (entry.cause or "").encode()
        texts = (len(kind), kind, len(body), body, len(sender), sender, len(cause), cause)
        return self._format % texts


class XreadPacker:
    """Packs the XREAD of one stream.

    Attributes:
        head: what a reply with entries begins with.
    """

    def __init__(self, stream: str) -> None:
        self.head = reply_head(stream)
        self._stream = stream
        self._heads: dict[tuple[int, int], bytes] = {}

    def pack(self, *, after: str, limit: int, block_ms: int) -> bytes:
        """Return the request for entries after a key; `block_ms` 0 does not wait."""
        head = self._heads.get((limit, block_ms)) or self._make_head(limit, block_ms)
        key = after or FIRST
        return b"%b$%d\r\n%b\r\n" % (head, len(key), key.encode())

    def _make_head(self, limit: int, block_ms: int) -> bytes:
        """Return all but the key: the same at nearly every turn of a loop."""
        block = ("BLOCK", block_ms) if block_ms else ()
        whole = pack("XREAD", "COUNT", limit, *block, "STREAMS", self._stream, "")
        if len(self._heads) > _MOST_HEADS:
            self._heads.clear()
        head = self._heads[limit, block_ms] = whole.removesuffix(b"$0\r\n\r\n")
        return head


def parse_entry(raw: Any) -> Entry:
    """Return the entry in `[key, [field, value, …]]`; what is missing or malformed is None."""
    key, flat = raw
    values = iter(flat)
    fields: dict[bytes, bytes] = dict(zip(values, values, strict=True))
    get = fields.get
    text: str = key.decode()
    try:
        return Entry(
            key=text,
            sent_at_s=int(text[: text.index("-")]) / 1000,
            type=_text(get(b"type")),
            body=_text(get(b"body")),
            sender=_text(get(b"sender")),
            cause=_text(get(b"cause")),
            n=_number(get(b"n")),
            id=_text(get(b"id")),
            sent_ns=_number(get(b"sent_ns")),
        )
    except UnicodeDecodeError:
        return parse_entry([key, [value.decode(errors="replace").encode() for value in flat]])


def made_entry(key: str, new: NewEntry, send_id: str) -> Entry:
    """Return what is stored now that the store has given `new` its key."""
    return Entry(
        key=key,
        sent_at_s=int(key.partition("-")[0]) / 1000,
        type=new.type,
        body=new.body,
        sender=new.sender,
        cause=new.cause,
        n=new.n,
        id=send_id,
        sent_ns=new.sent_ns,
    )


def is_key(text: str) -> bool:
    """Return whether a text has the form of a key."""
    return _KEY.fullmatch(text) is not None


def order_of(key: str) -> tuple[int, int]:
    """Return what keys and cursors are compared by.

    Raises:
        CorruptRecordError: the text is neither.
    """
    if not key:
        return (0, 0)
    found = _KEY.fullmatch(key)
    if found is None:
        raise CorruptRecordError(
            f"{key!r} is not a key of this engine (they look like 1526919030474-0); was the "
            "engine changed while its progress was kept?"
        )
    return int(found[1]), int(found[2])


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _number(value: bytes | None) -> int | None:
    if value is None or len(value) > _LONGEST_NUMBER or not value.removeprefix(b"-").isdigit():
        return None
    return int(value)
