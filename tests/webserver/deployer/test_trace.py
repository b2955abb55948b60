import base64

import pytest

from webserver.deployer.trace import lines_of


def number(value: int) -> bytes:
    """Return a protobuf varint."""
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + number(rest) if rest else bytes([low])


def text(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(field << 3 | 2) + number(len(data)) + data


def flag(field: int) -> bytes:
    return number(field << 3) + number(1)


def said(*fields: bytes) -> list[str]:
    return lines_of(base64.b64encode(b"".join(fields)).decode())


def vertex(name: str, *more: bytes) -> bytes:
    return text(1, text(1, "sha256:0") + text(3, name) + b"".join(more))


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ([vertex("[1/2] RUN x")], []),
        ([vertex("[1/2] RUN x", text(5, b""))], ["[1/2] RUN x"]),
        ([vertex("[1/2] RUN x", text(5, b""), text(6, b""))], []),
        ([vertex("[1/2] RUN x", flag(4))], ["[1/2] RUN x CACHED"]),
        ([vertex("[1/2] RUN x", text(5, b""), text(7, "exit 1"))], ["[1/2] RUN x: exit 1"]),
        ([vertex("[internal] load", text(5, b""))], []),
        ([text(3, text(1, "sha256:0") + text(4, "one\n\ntwo\n"))], ["one", "two"]),
        ([number(9 << 3 | 5) + b"1234", number(8 << 3 | 1) + b"12345678", text(2, "x" * 300)], []),
        ([text(3, text(4, b"\xff\n"))], ["\N{REPLACEMENT CHARACTER}"]),
    ],
)
def test_a_trace_becomes_lines_for_people(fields: list[bytes], lines: list[str]) -> None:
    assert said(*fields) == lines
