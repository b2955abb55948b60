"""A whole rig under Compose, and the experimenter's programs that talk to it over HTTP."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from tests.support.compose import ComposeProject
from tests.support.waiting import wait_for

Json = dict[str, Any]
SERVICES = ("pinger", "ponger", "webserver", "deployer", "redis")
_LIMIT_S = 20.0


class Rig:
    """What `docker compose up` brings up from one folder.

    Attributes:
        compose: its Compose project.
        folder: the checkout that it was built from.
        port: where the console is, on this computer.
        url: the same as an address.
    """

    def __init__(self, compose: ComposeProject, folder: Path, *, port: int) -> None:
        self.compose = compose
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def up(self) -> None:
        """Build and start all, and return when all is healthy."""
        self.compose.run("up", "--build", "--detach", "--wait")

    def up_again(self) -> None:
        """Start all from the images that there are, and return when all is healthy."""
        self.compose.run("up", "--detach", "--wait")

    @cached_property
    def token(self) -> str:
        """The token that the console has made for itself."""
        return self.compose.run("exec", "--no-TTY", "webserver", "cat", "/data/token").strip()

    def cookies(self) -> list[Json]:
        """Return the cookies of a browser that has signed in."""
        return cookies_of(self.url, self.token)

    def api(self, method: str, path: str, **more: Any) -> Any:
        """Ask the API and return the answer's JSON; an error fails the test with its message."""
        answer = requests.request(
            method,
            f"{self.url}/api/v1/{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=_LIMIT_S,
            **more,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def send(self, wire_type: str, **body: Any) -> Json:
        """Send a command and return its record."""
        record: Json = self.api("POST", "commands", json={"type": wire_type, "body": body})
        return record

    @contextmanager
    def session(self, prefix: str) -> Iterator[Json]:
        """Open a session, and end it whatever happens."""
        begun = self.send("INITIATE_SESSION", subject=prefix, prefix=prefix)
        wait_for(lambda: self.taking_part() == {"pinger", "ponger"}, "both services in the session")
        try:
            yield begun
        finally:
            self.send("END_SESSION")
            wait_for(lambda: not self.taking_part(), "the end of the session")

    def taking_part(self) -> set[str]:
        """Return the services that say they are in a session."""
        return set(self.api("GET", "services")["session"]["services"])

    def since(self, key: str) -> list[Json]:
        """Return every record after this key, oldest first."""
        records: list[Json] = []
        before: str | None = None
        while True:  # the first page is short: most who ask again and again need no other
            more: Json = {"limit": 500, "before": before} if before else {"limit": 50}
            page = self.api("GET", "commands", params=more)
            for record in page["records"]:
                if record["key"] == key:
                    return records[::-1]
                records.append(record)
            before = page["before"]
            assert before, f"no record has the key {key}"

    def newest(self) -> str:
        """Return the key of the last record."""
        key: str = self.api("GET", "commands", params={"limit": 1})["records"][0]["key"]
        return key

    def pings(self, key: str) -> list[Json]:
        """Return the pings since this key."""
        return [record for record in self.since(key) if record["type"] == "PING"]

    def pongs(self, key: str) -> list[Json]:
        """Return the pongs since this key."""
        return [record for record in self.since(key) if record["type"] == "PONG"]

    def await_pongs(self, key: str, count: int) -> list[Json]:
        """Wait until there are so many pongs since this key."""
        return wait_for(
            lambda: found if len(found := self.pongs(key)) >= count else [],
            f"{count} pongs",
            limit_s=60,
        )

    def redis(self, *arguments: str) -> str:
        """Run `scripts/redis-cli` as an administrator or a foreign program would."""
        return self.compose.script("scripts/redis-cli", *arguments).strip()

    def exec(self, service: str, script: str) -> str:
        """Run a line of shell in a service's container."""
        return self.compose.run("exec", "--no-TTY", service, "sh", "-c", script)


def cookies_of(url: str, token: str) -> list[Json]:
    """Return the cookies of a browser that has signed in with the token."""
    visitor = requests.Session()
    page = visitor.get(f"{url}/login", timeout=_LIMIT_S).text
    xsrf = page.partition('name="_xsrf" value="')[2].partition('"')[0]
    form = {"token": token, "_xsrf": xsrf}
    answer = visitor.post(f"{url}/login", data=form, timeout=_LIMIT_S)
    assert answer.ok, answer.text
    return [{"name": c.name, "value": c.value, "url": url} for c in visitor.cookies]


def answered_once(records: list[Json]) -> bool:
    """Return whether every ping of a session has one pong, with its key reversed, which names it.

    Not those after its end: the pinger may send one before it hears of that, and nobody answers.
    """
    ends = (n for n, record in enumerate(records) if record["type"] == "END_SESSION")
    pings = [record for record in records[: next(ends, None)] if record["type"] == "PING"]
    pongs = [record for record in records if record["type"] == "PONG"]
    expected = sorted((p["key"], p["body"]["key"], p["body"]["key"][::-1]) for p in pings)
    given = sorted((p["cause"], p["body"]["input_key"], p["body"]["output_key"]) for p in pongs)
    return given == expected


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
