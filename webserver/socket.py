"""The socket of one open page, /ws; docs/reference.md has its messages.

A browser says hello with the topics it wants and, after a lost connection, the last token it saw.
It is then given what it missed, in order, at the pace at which it takes it, and goes live.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from loguru import logger
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from durapy_core.json_text import JsonTextError, parse_json
from durapy_core.log_search import LEVELS, LogFilter
from durapy_core.record_json import record_json
from webserver.api.base import Api
from webserver.api.logs import read_level, read_names
from webserver.errors import ApiError, answer_to
from webserver.events import Batch
from webserver.hub import LOG, SAFETY, SERVICES, TOPICS, Hub, dump
from webserver.replay import MOST_WAITING_BYTES, Replay
from webserver.resume import Position
from webserver.security import is_same_origin
from webserver.sending import check_command, send_command

TOO_FAR_BEHIND: Final = 4008

Message = dict[str, Any]


class Socket(WebSocketHandler, Api):
    """One browser's connection."""

    topics: set[str]
    live = False
    log_filter: LogFilter | None = None
    log_gap = False

    def initialize(self, hub: Hub) -> None:
        """Take the hub that fans out."""
        self._hub = hub
        self.topics = set()
        self.waiting_bytes = 0
        self._replay = Replay(self.site, hub, self)
        self._joining: asyncio.Task[None] | None = None
        self._batches = False

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
        self._hub.log_tail.listeners.add(self)

    def on_close(self) -> None:
        """Be forgotten."""
        self._hub.clients.discard(self)
        self._hub.log_tail.listeners.discard(self)
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

    def may_stay(self) -> bool:
        """Return whether whoever opened it is still signed in."""
        return self.find_user() is not None

    def push(self, text: str) -> None:
        """Send a message."""
        self.write_event(text)

    def push_lines(self, lines: list[Message], *, gap: bool) -> None:
        """Send an event with log lines."""
        self.push(self._hub.log_event(lines, gap=gap))

    def take(self, batch: Batch) -> None:
        """Send events; a browser a megabyte behind is given the rest at its own pace."""
        for event in [batch.as_one] if self._batches else batch.events:
            if self.waiting_bytes > MOST_WAITING_BYTES:
                self.live = False
                self._start(self._replay.run(event.before))
                return
            self.write_event(event.text)

    def drop(self) -> None:
        """Close the connection of a browser that takes nothing; it resumes by itself."""
        self._hub.clients.discard(self)
        self.close(TOO_FAR_BEHIND, "too far behind")
        logger.info("a browser takes nothing and is dropped", address=self.request.remote_ip)

    def write_event(self, text: str) -> asyncio.Future[None] | None:
        """Send a message and return what ends once it is taken; None if nobody is there."""
        try:
            written = self.write_message(text)
        except WebSocketClosedError:
            return None
        size = len(text)
        self.waiting_bytes += size

        def taken(future: asyncio.Future[None]) -> None:
            self.waiting_bytes -= size
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
        if LOG in wanted:
            self.log_filter = _log_filter(message)
        self._batches = message.get("batches") is True
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
        record = record_json(entry, await self.site.directory.known_for(entry))
        self.push(dump({"op": "ack", "id": message.get("id"), "record": record}))

    async def _check(self, message: Message) -> None:
        """Say whether `send` would take this. While somebody types, a refusal is no failure."""
        await check_command(self.site, message.get("type"), message.get("body", {}))
        self.push(dump({"op": "ack", "id": message.get("id"), "record": None}))

    async def _subscribe(self, message: Message) -> None:
        asked = _topics(message)
        if LOG in asked:
            self.log_filter = _log_filter(message)
        new = asked - self.topics
        self.topics |= new
        self._push_present(new)

    async def _unsubscribe(self, message: Message) -> None:
        self.topics -= _topics(message)
        if LOG not in self.topics:
            self.log_filter = None

    def _push_present(self, topics: set[str]) -> None:
        """Send what holds now, of the topics that are no log."""
        events = {SERVICES: self._hub.services_event, SAFETY: self._hub.safety_event}
        for topic in topics & events.keys():
            if (text := events[topic]()) is not None:
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
            resume = self._replay.ahead(resume, wanted)
            gap = await self._replay.is_gap(resume)
        position = self._hub.position if gap or resume is None else resume
        welcome = {"op": "welcome", "v": 1, "resume": position.to_token(), "gap": gap}
        self.push(dump({**welcome, "rig": site.settings.rig_name}))
        self.topics |= wanted
        self._push_present(wanted)
        await self._replay.run(position)


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


def _log_filter(message: Message) -> LogFilter:
    """Return which log lines the message's `filter` wants, in the words of `GET logs`."""
    given = message.get("filter", {})
    names = ("level", "levels", "service", "text")
    if not isinstance(given, dict) or not all(
        name in names and isinstance(value, str) for name, value in given.items()
    ):
        raise _unreadable(f"filter is no object of texts; known: {', '.join(names)}")
    return LogFilter(
        severity=read_level(given.get("level", "")),
        levels=read_names(given.get("levels", ""), allowed=LEVELS),
        services=read_names(given.get("service", "")),
        text=given.get("text", ""),
    )


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
