"""A real console on a free port, and somebody who talks to it: by HTTP and by socket."""

import asyncio
import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import requests
from pydantic import BaseModel, Field
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines.base import CATALOG, COMMANDS, STATUS, Engine
from durapy_core.entry import Entry, NewEntry
from durapy_core.settings import Settings, load_settings
from tests.support.statuses import status_of
from webserver.embed import serve_in_thread

TOKEN = "a-token-that-is-long-enough"  # noqa: S105 (of the test's own console)
LIMIT_S = 20.0
Json = dict[str, Any]


class Point(BaseModel):
    x: float = Field(ge=0, le=1000)


class PingCommand(Command, title="Ping", group="Test"):
    """Asks for a pong."""

    key: str = Field(min_length=2)
    times: int = Field(1, ge=1, le=10)
    at: Point | None = None


class Console:
    """A running console, its engine, and requests to it with the token unless told otherwise."""

    def __init__(self, engine: Engine, url: str, code: str, *, ca: Path | None = None) -> None:
        self.engine = engine
        self.url = url
        self.code = code
        self.ca = ca

    def ask(self, method: str, path: str, *, token: str | None = TOKEN, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        more.setdefault("allow_redirects", False)
        more.setdefault("verify", str(self.ca) if self.ca else True)
        return requests.request(method, self.url + path, headers=headers, timeout=LIMIT_S, **more)

    def api(self, method: str, path: str, **more: Any) -> Any:
        return self.ask(method, f"/api/v1/{path}", **more)

    def send(self, key: str = "a1", **more: Any) -> Any:
        return self.api("POST", "commands", json={"type": "PING", "body": {"key": key}}, **more)

    def append(self, body: str, wire_type: str = "PING", sender: str | None = None) -> Entry:
        return self.engine.append(COMMANDS, NewEntry(type=wire_type, body=body, sender=sender))

    def append_many(self, count: int, prefix: str = "k") -> None:
        """Append so many pings at once, with the keys `k0`, `k1` and so on."""
        bodies = (json.dumps({"key": f"{prefix}{number}"}) for number in range(count))
        self.engine.append_many(COMMANDS, [NewEntry(type="PING", body=body) for body in bodies])

    def stored(self) -> int:
        return len(self.engine.page(COMMANDS, limit=10_000))

    def sign_in(self) -> requests.Session:
        """Return a browser's session: signed in by a cookie, without a token."""
        browser = requests.Session()
        browser.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify`
        browser.verify = str(self.ca) if self.ca else True
        page = browser.get(f"{self.url}/login?code={self.code}", timeout=LIMIT_S)
        form = {"code": self.code, "_xsrf": xsrf_in(page.text)}
        answer = browser.post(f"{self.url}/login", data=form, timeout=LIMIT_S)
        assert answer.status_code == 200, answer.text
        return browser

    def connect(self, **headers: str) -> "SocketClient":
        return SocketClient(self.url, headers or {"Authorization": f"Bearer {TOKEN}"}, ca=self.ca)


def xsrf_in(html: str) -> str:
    for mark in ('name="_xsrf" value="', 'name="xsrf" content="'):
        if mark in html:
            return html.partition(mark)[2].partition('"')[0]
    raise AssertionError("the page carries no XSRF token")


class SocketClient:
    """One socket to the console, used from a test's thread."""

    def __init__(self, url: str, headers: dict[str, str], *, ca: Path | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._may_read = Event()
        self._received: queue.Queue[Json | None] = queue.Queue()
        address = url.replace("http", "ws", 1) + "/ws"
        request = HTTPRequest(address, headers=headers, ca_certs=str(ca) if ca else None)
        connecting = asyncio.run_coroutine_threadsafe(self._connect(request), self._loop)
        self.connection = connecting.result(LIMIT_S)

    def _take(self, message: str | bytes | None) -> None:
        self._received.put(None if message is None else json.loads(message))

    async def _connect(self, request: HTTPRequest) -> WebSocketClientConnection:
        return await websocket_connect(request, on_message_callback=self._take)

    def say(self, **message: Any) -> None:
        self._loop.call_soon_threadsafe(self.connection.write_message, json.dumps(message))

    def say_text(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self.connection.write_message, text)

    def hello(self, *topics: str, resume: str | None = None, **more: Any) -> Json:
        self.say(op="hello", v=1, topics=list(topics), resume=resume, **more)
        return self.hear("welcome")

    def hear(self, op: str, **fields: Any) -> Json:
        """Return the next message with this op and these fields; others are passed over."""
        while True:
            message = self.hear_one_of(op)
            if all(message.get(k) == v for k, v in fields.items()):
                return message

    def hear_one_of(self, *ops: str) -> Json:
        """Return the next message with one of these ops; others are passed over."""
        while True:
            message = self._received.get(timeout=LIMIT_S)
            assert message is not None, f"closed with {self.connection.close_code}"
            if message["op"] in ops:
                return message

    def hear_end(self) -> int | None:
        """Wait until the server has closed the connection and return its code."""
        while self._received.get(timeout=LIMIT_S) is not None:
            pass
        return self.connection.close_code

    def hear_rest(self) -> list[Json]:
        """Return all messages until the server closes the connection."""
        heard: list[Json] = []
        while (message := self._received.get(timeout=LIMIT_S)) is not None:
            heard.append(message)
        return heard

    def commands(self, count: int) -> list[Json]:
        return [self.hear("event", topic="command")["data"] for _ in range(count)]

    def hear_lines(self, messages: list[str]) -> Json:
        """Wait for an event with exactly these log lines and return its data."""
        data: Json = self.hear("event", topic="log")["data"]
        assert [line["message"] for line in data["lines"]] == messages
        return data

    def stop_reading(self) -> None:
        """Take nothing from the network until `go_on_reading`."""
        self._may_read.clear()
        self._loop.call_soon_threadsafe(self._may_read.wait, LIMIT_S)

    def go_on_reading(self) -> None:
        self._may_read.set()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self.connection.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def run_console(
    engine: Engine, data_dir: Path, *, ca: Path | None = None, **settings: Any
) -> Iterator[Console]:
    """Run a console with a known token; `settings` win over the defaults.

    Requests trust the authority `ca`, if one is given.
    """
    links: queue.Queue[str] = queue.Queue()
    given = {"port": 0, "token": TOKEN, "data_dir": data_dir, "rig": "rig 3", **settings}
    with serve_in_thread(load_settings(Settings, **given), engine, announce=links.put):
        url, _, code = links.get(timeout=LIMIT_S).partition("/login?code=")
        yield Console(engine, url, code, ca=ca)


def publish(
    engine: Engine, service: str, *roles: Role, command: type[Command] | None = None
) -> None:
    types = (publish_type(command or PingCommand, roles),)
    text = PublishedCatalog(service=service, types=types).model_dump_json()
    engine.put(CATALOG, service, text)


def beat(engine: Engine, service: str, **fields: Any) -> None:
    status = status_of(service, **fields)
    engine.put(STATUS, f"{service}/r1", status.model_dump_json())
