"""A whole rig as child processes on one store: what a browser test talks to."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import requests

from durapy_core.settings import child_environment
from tests.support.rig import cookies_of, free_port
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-that-is-long-enough"  # noqa: S105 (of the test's own console)
CONSOLE = "webserver"
LIMIT_S = 60.0
Json = dict[str, Any]


class LocalRig:
    """A console and services, each a process; `with` ends what runs still.

    Attributes:
        folder: its data, its store unless another is given, and what each process printed.
        url: where the console is, also after it was started again.
        store: the address of its store.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.store = environment.get("engine", f"sqlite:///{folder}/commands.db")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._starts = 0
        self._environment = {
            "DURAPY_DATA_DIR": str(folder),
            "DURAPY_PORT": str(port),
            "DURAPY_TOKEN": TOKEN,
            "DURAPY_RIG": "rig 3",
            "PYTHONUNBUFFERED": "1",
            **{f"DURAPY_{name.upper()}": value for name, value in environment.items()},
        }

    def start_console(self) -> str:
        """Start the console and return the sign-in link that it prints."""
        output = self._spawn(CONSOLE, "-m", "webserver")
        ready = re.compile(r"DuraPy is ready: (\S+)")
        return self._await(output, ready.search)[1]

    def start(self, *services: str) -> None:
        """Start services and return when the console hears of each that it runs."""
        for name in services:
            self._spawn(name, "-m", "durapy_core", "run", name)
        pids = {name: self.processes[name].pid for name in services}
        wait_for(
            lambda: pids.items() <= self.running().items(),
            f"{', '.join(services)} to run; see {self.folder}",
            limit_s=LIMIT_S,
        )

    def running(self) -> dict[str, int]:
        """Return the process ids of the services that say they run."""
        ready = ("idle", "in_session")
        services = self.api("GET", "services")["services"]
        return {s["service"]: s["pid"] for s in services if s["up"] and s["state"] in ready}

    def end(self, name: str, number: int = signal.SIGTERM) -> None:
        """Send a signal to a process and wait for its end."""
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(LIMIT_S)

    def link(self) -> str:
        """Return a new sign-in link, as `durapy link` prints it."""
        command = [sys.executable, "-m", "durapy_core", "link"]
        env = child_environment(**self._environment)
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True)
        code = done.stdout.decode().partition("code=")[2].strip()
        return f"{self.url}/login?code={code}"

    def api(self, method: str, path: str, **more: Any) -> Any:
        """Ask the API and return the answer's JSON; an error fails the test with its message."""
        url, headers = f"{self.url}/api/v1/{path}", {"Authorization": f"Bearer {TOKEN}"}
        answer = requests.request(method, url, headers=headers, timeout=LIMIT_S, **more)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def send(self, wire_type: str, **body: Any) -> Json:
        """Send a command and return its record."""
        sent: Json = self.api("POST", "commands", json={"type": wire_type, "body": body})
        return sent

    def records(self, **filters: str) -> list[Json]:
        """Return every record that the filters let through, newest first."""
        found: list[Json] = []
        before: str | None = None
        while True:
            cursor = {"before": before} if before else {}
            page = self.api("GET", "commands", params={"limit": 500, **filters, **cursor})
            found += page["records"]
            before = page["before"]
            if before is None:
                return found

    def latest(self, wire_type: str) -> Json:
        """Return the newest record of a type."""
        page = self.api("GET", "commands", params={"limit": 1, "type": wire_type})
        newest: Json = page["records"][0]
        return newest

    def session(self) -> Json:
        """Return the session as the console knows it."""
        session: Json = self.api("GET", "services")["session"]
        return session

    @contextmanager
    def in_session(self, subject: str = "M214", prefix: str = "k") -> Iterator[Json]:
        """Open a session of pinger and ponger, and end it whatever happens."""
        begun = self.send("INITIATE_SESSION", subject=subject, prefix=prefix)
        both = ["pinger", "ponger"]
        wait_for(lambda: self.session()["services"] == both, "both services in the session")
        try:
            yield begun
        finally:
            self.end_session()

    def end_session(self) -> None:
        """End the session, if one is open, and wait until nobody is in it.

        It is sent in any case: what services say of themselves is up to a second old.
        """
        self.send("END_SESSION")
        wait_for(lambda: self.session()["state"] == "idle", "the end of the session")

    def cookies(self) -> list[Json]:
        """Return the cookies of a browser that has signed in with the token."""
        return cookies_of(self.url, TOKEN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(LIMIT_S / 4)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(LIMIT_S)

    def _spawn(self, name: str, *arguments: str) -> Path:
        self._starts += 1
        output = self.folder / f"{name}.{self._starts}.log"
        with output.open("wb") as file:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=child_environment(**self._environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        return output

    def _await(self, output: Path, look: Any) -> re.Match[str]:
        def found() -> Any:
            text = output.read_text(errors="replace")
            ended = self.processes[CONSOLE].poll() is not None
            assert not ended, f"the console has ended:\n{text}"
            return look(text)

        match: re.Match[str] = wait_for(found, "the sign-in link", limit_s=LIMIT_S, every_s=0.05)
        return match


def keys(records: list[Json]) -> list[str]:
    """Return the keys of records."""
    return [record["key"] for record in records]


def as_text(value: object) -> str:
    """Return a value as the console writes JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
