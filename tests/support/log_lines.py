"""What loguru was given while a test ran."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loguru import Message, Record


@contextmanager
def logged() -> "Iterator[list[Record]]":
    """Collect the log's records, from DEBUG on."""
    records: list[Record] = []

    def keep(message: "Message") -> None:
        records.append(message.record)

    number = logger.add(keep, level="DEBUG")
    try:
        yield records
    finally:
        logger.remove(number)
