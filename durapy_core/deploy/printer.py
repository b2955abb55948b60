"""The output of several processes on one terminal: each line behind its service's name."""

import sys
from collections.abc import Iterable
from itertools import cycle
from threading import Lock
from typing import Final, TextIO

from rich.console import Console

from durapy_core.log_lines import strip_colours

_READY: Final = "DuraPy is ready"
_COLOURS: Final = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)


class Printer:
    """Writes lines from any thread; colours only on a terminal.

    Attributes:
        broken: nobody reads any more; what is written goes nowhere.
    """

    def __init__(self, names: Iterable[str], stream: TextIO | None = None) -> None:
        self.broken = False
        self._stream = stream or sys.stdout
        console = Console(file=self._stream)
        self._colour = console.is_terminal and not console.no_color
        self._lock = Lock()
        self._prefixes = dict(zip(names, cycle(_COLOURS), strict=False))
        self._width = max(map(len, self._prefixes), default=0)

    def line(self, name: str, text: str) -> None:
        """Write one line of a process; the one that says where the console is stands by itself."""
        text = text.rstrip("\r\n")
        plain = strip_colours(text)
        if plain.startswith(_READY):
            self._write(f"\n\x1b[1m{plain}\x1b[0m\n" if self._colour else f"\n{plain}\n")
        elif self._colour:
            colour = self._prefixes.get(name, 90)
            self._write(f"\x1b[{colour}m{name:<{self._width}} │\x1b[0m {text}\x1b[0m")
        else:
            self._write(f"{name:<{self._width}} | {plain}")

    def _write(self, text: str) -> None:
        with self._lock:
            if self.broken:
                return
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except (BrokenPipeError, OSError):  # OSError: the terminal itself has gone
                self.broken = True
