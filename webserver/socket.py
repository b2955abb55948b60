"""The socket of one open page, /ws: DESIGN of the messages is in docs/reference.md.

A browser says hello with the topics it wants and, after a lost connection, the last token it saw.
It is then given what it missed, in order, at the pace at which it takes it, and goes live.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final, TypeVar

from loguru import logger
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from durapy_core.entry import Cursor, Entry
from durapy_core.errors import CorruptRecordError, EngineError
from durapy_core.json_text import JsonTextError, parse_json
from durapy_core.record_json import record_json
from webserver.api.base import Api
from webserver.errors import ApiError, answer_to
from webserver.feed import KEEP, LogFeed
from webserver.hub import COMMAND, OPERATION, RECEIPT, SERVICES, TOPICS, Hub, dump, moved
from webserver.resume import Position
from webserver.security import is_same_origin
from webserver.sending import check_command, send_command
from webserver.site import Site

MOST_WAITING_BYTES: Final = 1_000_000
STUCK_S: Final = 5.0
TOO_FAR_BEHIND: Final = 4008
_CHUNK: Final = 100
_COUNT_CHUNK: Final = 500
_RETRY_S: Final = 1.0

Message = dict[str, Any]
T = TypeVar("T")


class Socket(WebSocketHandler, Api):
    """One browser's connection."""

    topics: set[str]
    live = False

    def initialize(self, hub: Hub) -> None:
        """Take the hub that fans out."""
        self._hub = hub
        self.topics = set()
        self._waiting_bytes = 0
        self._position = hub.position
        self._joining: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Refuse strangers, and pages of other servers."""
        super().prepare()
        if not is_same_origin(self.request):
            raise ApiError(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                f"The page at {self.request.headers['Origin'][:100]} may not connect here.",
            )

    def check_origin(self, origin: str) -> bool:
        """Return True: `prepare` has looked."""
        return bool(origin)

    def open(self, *_: str, **__: str) -> None:
        """Be among those who are told of the heartbeat."""
        self._hub.clients.add(self)

    def on_close(self) -> None:
        """Be forgotten."""
        self._hub.clients.discard(self)
        if self._joining is not None:
            self._joining.cancel()

    async def on_message(self, message: str | bytes) -> None:
        """Do what the browser asks; the next message waits for this one."""
        asked: Any = None
        try:
            asked = _read_message(message)
            await self._operation(asked["op"])(asked)
        except WebSocketClosedError:
            return
        except Exception as error:  # noqa: BLE001 (answered; unforeseen ones are logged)
            answer = answer_to(error)
            if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                logger.opt(exception=error).error("a message of a socket failed")
            number = asked.get("id") if isinstance(asked, dict) else None
            self.push(dump({"op": "error", "id": number, **answer.to_json()}))

    def push(self, text: str) -> None:
        """Send a message."""
        self._write(text)

    def take(self, text: str, before: Position) -> None:
        """Send an event; a browser a megabyte behind is given the rest at its own pace."""
        if self._waiting_bytes <= MOST_WAITING_BYTES:
            self._write(text)
            return
        self.live = False
        self._position = before
        self._start(self._go_live())

    def _write(self, text: str) -> asyncio.Future[None] | None:
        try:
            written = self.write_message(text)
        except WebSocketClosedError:
            return None
        size = len(text)
        self._waiting_bytes += size

        def taken(future: asyncio.Future[None]) -> None:
            self._waiting_bytes -= size
            future.exception()  # a closed connection is told by on_close

        task = asyncio.ensure_future(written)
        task.add_done_callback(taken)
        return task

    def _operation(self, name: object) -> Callable[[Message], Awaitable[None]]:
        known: dict[object, Callable[[Message], Awaitable[None]]] = {
            "hello": self._hello,
            "send": self._send,
            "check": self._check,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }
        if name not in known:
            raise _unreadable(f"no op is called {name!r}; known: {', '.join(map(str, known))}")
        return known[name]

    async def _hello(self, message: Message) -> None:
        if self._joining is not None:
            raise _unreadable("hello was said already")
        wanted = _topics(message)
        resume = Position.from_token(message.get("resume"))
        asked = message.get("resume") is not None
        self._start(self._join(wanted, resume, asked=asked))

    async def _send(self, message: Message) -> None:
        if self.user is None:
            raise _unreadable("nobody is signed in")
        key = message.get("idempotency_key")
        if key is not None and not isinstance(key, str):
            raise _unreadable("idempotency_key is no text")
        entry = await send_command(
            self.site,
            message.get("type"),
            message.get("body", {}),
            user=self.user,
            idempotency_key=key,
        )
        known = (await self.site.directory.recent()).known
        record = record_json(entry, known)
        self.push(dump({"op": "ack", "id": message.get("id"), "record": record}))

    async def _check(self, message: Message) -> None:
        """Say whether `send` would take this. While somebody types, a refusal is no failure."""
        await check_command(self.site, message.get("type"), message.get("body", {}))
        self.push(dump({"op": "ack", "id": message.get("id"), "record": None}))

    async def _subscribe(self, message: Message) -> None:
        new = _topics(message) - self.topics
        self.topics |= new
        if SERVICES in new:
            self._push_services()

    async def _unsubscribe(self, message: Message) -> None:
        self.topics -= _topics(message)

    def _push_services(self) -> None:
        text = self._hub.services_event()
        if text is not None:
            self.push(text)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._joining = asyncio.create_task(work)
        self._joining.add_done_callback(self._joined)

    def _joined(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, WebSocketClosedError | StreamClosedError):
            logger.opt(exception=error).error("a socket could not be served")
            self.close(1011, "an error in the web server")

    async def _join(self, wanted: set[str], resume: Position | None, *, asked: bool) -> None:
        """Welcome the browser, give it what it missed, and go live."""
        site = self.site
        await site.commands.ready.wait()
        await site.operations.ready.wait()
        await site.receipts.ready.wait()
        gap = asked
        if resume is not None:
            resume = self._ahead(resume, wanted)
            gap = any([await self._is_gap(feed, cursor) for _, feed, cursor in self._logs(resume)])
        self._position = self._hub.position if gap or resume is None else resume
        self._write(
            dump(
                {
                    "op": "welcome",
                    "v": 1,
                    "resume": self._position.to_token(),
                    "rig": site.settings.rig_name,
                    "gap": gap,
                }
            )
        )
        self.topics |= wanted
        if SERVICES in wanted:
            self._push_services()
        await self._go_live()

    async def _go_live(self) -> None:
        """Send what is missing; what comes from then on is sent as it comes."""
        while not await self._catch_up():
            pass
        self.live = True

    async def _catch_up(self) -> bool:
        """Send one piece of what was missed; True if there is nothing more, at this very moment."""
        for topic, feed, cursor in self._logs(self._position):
            entries = feed.since(cursor, _CHUNK)
            if entries is None:
                entries = await self._read_older(feed, cursor)
            if entries:
                await self._replay(topic, entries)
                return False
        return True

    def _ahead(self, resume: Position, wanted: set[str]) -> Position:
        """Return where to resume: of logs that are not wanted, at their end."""
        for topic, feed, _ in self._logs(resume):
            if topic not in wanted:
                resume = moved(resume, topic, feed.position)
        return resume

    def _logs(self, position: Position) -> tuple[tuple[str, LogFeed, Cursor], ...]:
        """Return topic, reader and cursor of each log; receipts after what they are about."""
        site = self.site
        return (
            (OPERATION, site.operations, position.operations),
            (COMMAND, site.commands, position.commands),
            (RECEIPT, site.receipts, position.receipts),
        )

    async def _replay(self, topic: str, entries: list[Entry]) -> None:
        for entry in entries:
            self._position = moved(self._position, topic, entry.key)
            text = self._hub.event_of(topic, entry, self._position)
            if text is None or topic not in self.topics:
                continue
            written = self._write(text)
            if self._waiting_bytes > MOST_WAITING_BYTES and written is not None:
                await self._until_taken(written)
        await asyncio.sleep(0)  # others have their turn

    async def _until_taken(self, written: asyncio.Future[None]) -> None:
        """Wait until the browser has taken all that was sent, or drop it: then it resumes."""
        try:
            async with asyncio.timeout(STUCK_S):
                await asyncio.shield(written)
        except TimeoutError:
            self._hub.clients.discard(self)
            self.close(TOO_FAR_BEHIND, "too far behind")
            logger.info(
                "a browser took nothing for {s:g} s and is dropped; it resumes by itself",
                s=STUCK_S,
                address=self.request.remote_ip,
            )
            raise WebSocketClosedError from None

    async def _read_older(self, feed: LogFeed, cursor: Cursor) -> list[Entry]:
        """Return entries after the cursor that left the feed's buffer, none beyond its position."""
        engine = self.site.engine
        entries = await _patiently(
            self.site, lambda: engine.read(feed.log, after=cursor, limit=_CHUNK)
        )
        return [entry for entry in entries if engine.compare(entry.key, feed.position) <= 0]

    async def _is_gap(self, feed: LogFeed, cursor: Cursor) -> bool:
        """Return whether the cursor is too old, or of another log."""
        engine = self.site.engine
        try:
            if engine.compare(cursor, feed.position) > 0:
                return True
            if feed.since(cursor, 1) is not None:
                return False
            behind = await _patiently(self.site, lambda: count_after(self.site, feed.log, cursor))
        except CorruptRecordError:
            return True
        return behind > KEEP


def count_after(site: Site, log: str, cursor: Cursor) -> int:
    """Return how many entries come after the cursor; beyond KEEP it stops counting."""
    count = 0
    while count <= KEEP:
        entries = site.engine.read(log, after=cursor, limit=_COUNT_CHUNK)
        count += len(entries)
        if len(entries) < _COUNT_CHUNK:
            break
        cursor = Cursor(entries[-1].key)
    return count


async def _patiently(site: Site, call: Callable[[], T]) -> T:
    """Return what a call to the store returns, however long it is away."""
    while True:
        try:
            return await site.offload.engine(call)
        except CorruptRecordError:
            raise
        except EngineError:
            await asyncio.sleep(_RETRY_S)


def _topics(message: Message) -> set[str]:
    topics = message.get("topics", [])
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise _unreadable("topics is not a list of names")
    unknown = sorted(set(topics) - TOPICS)
    if unknown:
        raise _unreadable(
            f"no topic is called {unknown[0][:40]!r}; known: {', '.join(sorted(TOPICS))}"
        )
    return set(topics)


def _read_message(text: str | bytes) -> Message:
    try:
        message = parse_json(text)
    except JsonTextError as error:
        raise _unreadable(f"it is not JSON: {error}") from error
    if not isinstance(message, dict) or not isinstance(message.get("op"), str):
        raise _unreadable('it is not an object with "op"')
    return message


def _unreadable(reason: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_request", f"The message cannot be used: {reason}.")
