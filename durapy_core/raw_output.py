"""What a process prints past its logger, made into log lines: its last words, above all.

An import that fails, a traceback while the interpreter ends, a segmentation fault: nothing of that
passes the logger. Whoever reads the output of a process hands its lines in here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, Timer
from typing import Final

from durapy_core.log_lines import is_rendered, strip_colours
from durapy_core.log_sink import Line

QUIET_S: Final = 1.0
"""A traceback is complete when nothing was printed for so long."""

_BEGINS: Final = (
    "Traceback (most recent call last)",
    "Fatal Python error",
    "Exception ignored in",
    "Exception in thread",
    "  + Exception Group Traceback",
)
_FATAL: Final = "Fatal Python error"
_PROGRAMS: Final = ("durapy: ", "webserver: ", "deployer: ")
_LINK: Final = "DuraPy is ready"
_MOST_LINES: Final = 400


@dataclass(slots=True)
class _Trace:
    time: datetime
    lines: list[str] = field(default_factory=list)
    timer: Timer | None = None


class RawOutput:
    """Gives `take` a line for each printed line, and one for each traceback as a whole.

    Lines that a logger wrote are left out, and so is the sign-in link of the console, which is a
    secret. Any thread may call it.
    """

    def __init__(self, take: Callable[[Line], None], *, quiet_s: float = QUIET_S) -> None:
        self._take = take
        self._quiet_s = quiet_s
        self._lock = Lock()
        self._traces: dict[str, _Trace] = {}

    def line(self, service: str, text: str, *, time: datetime | None = None) -> None:
        """Take one line of a process's output, which was printed now or at `time`."""
        plain = strip_colours(text).rstrip()
        with self._lock:
            if is_rendered(text):
                self._finish(service)
            elif service in self._traces:
                self._go_on(service, plain)
            elif plain.startswith(_BEGINS):
                self._traces[service] = _Trace(time or datetime.now(UTC))
                self._go_on(service, plain)
            elif plain and not plain.startswith(_LINK):
                level = "ERROR" if plain.startswith(_PROGRAMS) else "INFO"
                self._take(_line(service, plain, time or datetime.now(UTC), level=level))

    def finish(self) -> None:
        """Hand on every traceback as far as it has come."""
        with self._lock:
            for service in list(self._traces):
                self._finish(service)

    def _go_on(self, service: str, plain: str) -> None:
        trace = self._traces[service]
        trace.lines.append(plain)
        if trace.timer is not None:
            trace.timer.cancel()
        if len(trace.lines) >= _MOST_LINES:
            self._finish(service)
            return
        trace.timer = Timer(self._quiet_s, self._fall_quiet, (service, trace))
        trace.timer.daemon = True
        try:
            trace.timer.start()
        except RuntimeError:  # this computer has no thread left: it is handed on in pieces
            self._finish(service)

    def _fall_quiet(self, service: str, trace: _Trace) -> None:
        with self._lock:
            if self._traces.get(service) is trace:
                self._finish(service)

    def _finish(self, service: str) -> None:
        trace = self._traces.pop(service, None)
        if trace is None:
            return
        if trace.timer is not None:
            trace.timer.cancel()
        text = "\n".join(trace.lines)
        line = _line(service, _headline(trace.lines), trace.time, level="ERROR", exception=text)
        self._take(line)


def _line(service: str, message: str, time: datetime, *, level: str, **fields: str) -> Line:
    severity = 40 if level == "ERROR" else 20
    shown = {"service": service, "printed": True, **fields}
    return Line(time=time, level=level, message=message, fields=shown, severity=severity)


def _headline(lines: list[str]) -> str:
    """Return the line that says what happened: the first of a fatal error, else the last."""
    if lines[0].startswith(_FATAL):
        return lines[0]
    told = [line for line in lines if line and not line[0].isspace()]
    return told[-1] if told else lines[0]
