"""The tutorial as a newcomer follows it: every marked block, in order, in a clone of the checkout.

A comment before a fenced block says what is done with it:

    <!-- run -->              a shell block that must end well
    <!-- run, shows: PONG --> the same, again and again until it prints that
    <!-- run, refused -->     a shell block that must fail
    <!-- start -->            a shell block that may stay, as in a terminal of its own; starting the
                              same one again ends the first with Ctrl-C
    <!-- file: PATH -->       the new text of a file
    <!-- add to: PATH -->     what comes at its end
    <!-- compose -->          a part of docker-compose.override.yml: not done on the walk
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, cast

import pytest

from durapy_core.settings import child_environment
from tests.support.waiting import wait_for

LIMIT_S: Final = 540.0
_BLOCK: Final = re.compile(
    r"^<!-- (?P<verb>run|start|file|add to|compose)"
    r"(?P<refused>, refused)?(?:(?:, shows)?: (?P<more>[^>]+))? -->\n"
    r"```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One marked block; `more` is what is to be shown, or the path of the file."""

    verb: Literal["run", "start", "file", "add to", "compose"]
    text: str
    more: str
    refused: bool


def read_blocks(document: str) -> list[Block]:
    """Return the marked blocks of a document, in order."""
    found = [
        Block(
            verb=cast("Literal['run', 'start', 'file', 'add to', 'compose']", match["verb"]),
            text=match["text"],
            more=(match["more"] or "").strip(),
            refused=bool(match["refused"]),
        )
        for match in _BLOCK.finditer(document)
    ]
    assert len(found) == len(re.findall(r"^<!-- ", document, re.MULTILINE)), "a mark is malformed"
    return found


class Walk:
    """Does what the blocks say in `folder`; leaving it presses Ctrl-C in every terminal."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, up: str) -> None:
        """Take where to work; `up` is what stands for `scripts/up` on this walk."""
        self._folder = folder
        self._environment = child_environment(**environment)
        self._up = up
        self._terminals: dict[str, Terminal] = {}

    def follow(self, blocks: Iterable[Block]) -> None:
        """Do one block after the other; the first that goes wrong fails the test."""
        for block in blocks:
            if block.verb in ("file", "add to"):
                mode = "w" if block.verb == "file" else "a"
                with (self._folder / block.more).open(mode, encoding="utf-8") as file:
                    file.write(block.text)
            elif block.verb == "compose":
                continue
            elif block.verb == "start":
                self._start(block.text)
            elif block.more:
                wait_for(partial(self._shows, block), f"{block.more!r} from {block.text}")
            else:
                self._run(block)

    def run(self, script: str) -> str:
        """Run a line of shell and return what it printed."""
        return self._run(Block(verb="run", text=script, more="", refused=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for terminal in reversed(self._terminals.values()):
            terminal.end()

    def _start(self, script: str) -> None:
        if script in self._terminals:
            self._terminals.pop(script).end()
        written = self._folder / f".terminal-{len(self._terminals)}"
        terminal = Terminal(
            script.replace("scripts/up", self._up), self._folder, self._environment, written
        )
        self._terminals[script] = terminal
        wait_for(terminal.has_settled, f"`{script.strip()}`", limit_s=LIMIT_S)

    def _shows(self, block: Block) -> bool:
        return block.more in self._run(block)

    def _run(self, block: Block) -> str:
        done = subprocess.run(
            ["sh", "-ec", block.text],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert (done.returncode != 0) is block.refused, f"{block.text}{done.stdout}"
        return done.stdout


class Terminal:
    """A program that was started and may go on."""

    def __init__(
        self, script: str, folder: Path, environment: Mapping[str, str], written: Path
    ) -> None:
        self._script = script
        self._written = written
        with written.open("wb") as file:
            self._process = subprocess.Popen(
                ["sh", "-ec", f"exec {script}"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self._written.read_text(errors="replace")

    def has_settled(self) -> bool:
        """Return whether it has ended well, or says that it is ready or running."""
        code = self._process.poll()
        if code:
            pytest.fail(f"`{self._script.strip()}` ended with {code}:\n{self.output}")
        return code == 0 or re.search(r"is ready|\brunning\b", self.output) is not None

    def end(self) -> None:
        """Press Ctrl-C, and wait."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            self._process.wait(LIMIT_S)
        assert self._process.returncode == 0, self.output
