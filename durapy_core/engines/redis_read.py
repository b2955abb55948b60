"""Reading from Redis: XREAD, with a commit in the same round trip."""

import time
from collections import deque
from collections.abc import Callable
from math import ceil
from typing import Final, Protocol, TypeVar

from loguru import logger

from durapy_core.engines.redis_control import AGAIN, RETRY_S
from durapy_core.engines.redis_link import REPLY_TIMEOUT_S, Link
from durapy_core.engines.redis_server import Lost, Namespace
from durapy_core.engines.redis_upkeep import mend
from durapy_core.engines.redis_wire import XreadPacker, order_of
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import EngineError

T = TypeVar("T")

_LONGEST_BLOCK_S: Final = 5.0
READ_TIMEOUT_S: Final = _LONGEST_BLOCK_S + REPLY_TIMEOUT_S
"""How long a reply may take on a link that reads."""


class Before(Protocol):
    """What is done before a read in the same round trip.

    Attributes:
        done: whether its replies were taken; a read that is made again leaves it out then.
    """

    done: bool

    def pack(self, link: Link) -> bytes:
        """Return the request; called anew for each attempt."""

    def take(self, link: Link) -> object:
        """Take its replies."""


class Reader:
    """Links that read: one for each thread that does so at the same time."""

    def __init__(
        self,
        namespace: Namespace,
        *,
        make_link: Callable[[], Link],
        on_connect: Callable[[], None],
    ) -> None:
        self._server = namespace.server
        self._prefix = namespace.prefix
        self._make_link = make_link
        self._on_connect = on_connect
        self._idle: deque[Link] = deque()
        self._reading: set[Link] = set()
        self._packers: dict[str, XreadPacker] = {}
        self._last_read: dict[str, Cursor] = {}

    def read(
        self, log: str, *, after: Cursor, limit: int, wait_s: float, before: Before | None
    ) -> list[Entry]:
        """Return the entries after a cursor; see `Engine.read`."""
        if after is not self._last_read.get(log):
            order_of(after)
        self._server.check_open()
        packer = self._packer(log)
        left_s = wait_s
        deadline_s = time.monotonic() + wait_s
        while True:
            block_ms = ceil(min(left_s, _LONGEST_BLOCK_S) * 1000) if left_s > 0 else 0
            request = packer.pack(after=after, limit=limit, block_ms=block_ms)
            entries = self._read(log, packer.head, request, before)
            if entries:
                self._last_read[log] = Cursor(entries[-1].key)
                return entries
            if left_s <= _LONGEST_BLOCK_S or self._server.closed.is_set():
                return []
            before = None
            left_s = deadline_s - time.monotonic()

    def run(self, action: Callable[[Link], T]) -> T:
        """Return what `action` returns on a link; it is called again after a lost connection.

        Raises:
            EngineUnavailableError: no answer for a second.
        """
        link = self._take()
        try:
            return self._server.persist(
                lambda: self._once(link, action), for_s=RETRY_S, else_=AGAIN
            )
        finally:
            self._give_back(link)

    def close(self) -> None:
        """Close every connection; a read under way ends."""
        for link in [*self._reading, *self._idle]:
            link.drop()

    def _packer(self, log: str) -> XreadPacker:
        packer = self._packers.get(log)
        if packer is None:
            packer = self._packers[log] = XreadPacker(self._prefix + log)
        return packer

    def _read(
        self, log: str, head: bytes, request: bytes, before: Before | None
    ) -> list[Entry] | None:
        """Return what an XREAD finds, None if there is nothing or the engine was closed."""
        link = self._take()
        try:
            if link.up:
                try:
                    return _read_once(link, head, request, before)
                except Lost:
                    pass  # it broke, perhaps long ago: it is made anew
            return self._read_again(link, log, head, request, before)
        except EngineError:
            if self._server.closed.is_set():
                return None
            raise
        finally:
            self._give_back(link)

    def _read_again(
        self, link: Link, log: str, head: bytes, request: bytes, before: Before | None
    ) -> list[Entry] | None:
        def attempt() -> list[Entry] | None:
            if link.ensure():
                self._on_connect()
                self._mend(link, log)
            return _read_once(link, head, request, before)

        return self._server.persist(attempt, for_s=RETRY_S, else_=AGAIN)

    def _mend(self, link: Link, log: str) -> None:
        """Look whether the server came back without entries that were read from it."""
        seen = self._last_read.get(log)
        if seen is None:
            return
        try:
            lost = mend(link, self._prefix, log, seen)
        except EngineError as error:
            logger.error("a log lost its end and cannot be mended: {why}", why=str(error))
            return
        if lost:
            logger.error("the store lost the end of a log", log=log, seen=seen)

    def _once(self, link: Link, action: Callable[[Link], T]) -> T:
        if link.ensure():
            self._on_connect()
        return action(link)

    def _take(self) -> Link:
        try:
            link = self._idle.pop()
        except IndexError:
            link = self._make_link()
        self._reading.add(link)
        return link

    def _give_back(self, link: Link) -> None:
        self._reading.discard(link)
        self._idle.append(link)


def _read_once(
    link: Link, head: bytes, request: bytes, before: Before | None
) -> list[Entry] | None:
    if before is None or before.done:
        link.send(request)
        return link.entries(head)
    link.send(before.pack(link) + request)
    try:
        before.take(link)
    except BaseException:
        link.drop()  # the reply of the XREAD is never taken
        raise
    return link.entries(head)
