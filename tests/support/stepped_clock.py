"""A clock of one process that a test sets, while all others go on.

The library libfaketime answers that process instead of the kernel. The clocks that nobody can set,
CLOCK_MONOTONIC and CLOCK_BOOTTIME, stay the kernel's.
"""

from pathlib import Path
from typing import Final

_SITE: Final = """
import threading, time

def sleep(seconds):
    threading.Event().wait(seconds)

time.sleep = sleep
"""
"""Python sleeps until a moment of CLOCK_MONOTONIC, which libfaketime miscounts when the clock is
just being set: time.sleep then raises EINVAL, as it never does by itself."""


class SteppedClock:
    """The wall clock of the processes that are given `environment`.

    Attributes:
        environment: lets a child process have this clock.
    """

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        site = file.with_suffix(".site")
        site.mkdir()
        (site / "sitecustomize.py").write_text(_SITE, encoding="ascii")
        self.environment = {
            "LD_PRELOAD": f"{library} libc.so.6",  # Redis' own malloc asks for the time too early
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(site),
        }
        self.set(0)

    def set(self, ahead_s: int) -> None:
        """Let it be so far ahead of the kernel's; behind it if negative."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}", encoding="ascii")
        new.replace(self._file)
