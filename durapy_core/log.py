"""Logging of a process: loguru's sinks, and the standard library routed into them.

Code that logs imports `logger` from loguru and knows nothing of this file; an entry point calls
`configure` once.
"""

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, TextIO
from urllib.parse import unquote, urlsplit

from loguru import logger

from durapy_core.errors import SettingsError
from durapy_core.log_lines import Render, hide_secrets, render_colour, render_json
from durapy_core.log_sink import Line, Output, QueueSink, Tee

if TYPE_CHECKING:
    from loguru import Record

    from durapy_core.settings import Settings

_CHATTY: Final = ("asyncio", "docker", "urllib3", "tornado.access")
_SHORTEST_SECRET: Final = 4


def configure(
    settings: "Settings",
    *,
    service: str,
    replica: str = "",
    stream: TextIO | None = None,
    tee: Tee | None = None,
) -> None:
    """Send every log line of this process to `stream` (stdout), and to a file if one is set.

    `tee` is given the lines that it wants as well, whatever the level set for the others.

    A terminal gets colour, anything else one JSON object a line, unless the settings say. Lines
    are written by a thread of their own and flushed when the process exits, also after an error.
    Uncaught exceptions of any thread are logged. Secrets in the settings are shown as ***.
    `{service}` in the name of the log file stands for the service. Calling it again replaces what
    was configured before.

    Raises:
        SettingsError: the log file cannot be written.
    """
    outputs = [_to_stream(stream or sys.stdout, settings)]
    if settings.log_file is not None:
        outputs.append(_to_file(settings.log_file, service, settings))
    logger.remove()
    logger.configure(extra={"service": service, "replica": replica or None})
    severity = logger.level(settings.log_level).no
    logger.add(
        QueueSink(outputs, severity=severity, tee=tee),
        level=severity if tee is None else min(severity, tee.severity),
        format=_render_later,
        colorize=False,
        backtrace=False,
        diagnose=False,  # it would print the values of variables, secrets among them
    )
    _route_standard_logging(settings.log_level)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class _ToLoguru(logging.Handler):
    """Hands a record of the standard library on to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log it under the same level."""
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        log = logger.bind(logger=record.name).opt(exception=record.exc_info)
        log.log(level, "{}", record.getMessage())


def _route_standard_logging(level: str) -> None:
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.NOTSET, force=True)
    logging.captureWarnings(capture=True)
    root = logging.getLogger()  # noqa: TID251 (this is the file that routes it)
    root.setLevel(logging.INFO if level == "DEBUG" else logging.WARNING)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)  # noqa: TID251 (as above)


def _render_later(_record: "Record") -> str:
    return ""  # the sink's thread renders; the caller only hands over


def _to_stream(stream: TextIO, settings: "Settings") -> Output:
    colour = settings.log_format == "colour" or (settings.log_format == "auto" and stream.isatty())
    render = hide_secrets(render_colour if colour else render_json, secrets_of(settings))

    def write(line: Line) -> None:
        text = render(line) + "\n"
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        stream.flush()

    return write


def _to_file(template: Path, service: str, settings: "Settings") -> Output:
    path = Path(str(template).replace("{service}", service))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            path,
            maxBytes=int(settings.log_file_size_mb * 1_000_000),
            backupCount=settings.log_file_keep,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        raise SettingsError(
            f"DURAPY_LOG_FILE={template} cannot be written ({error.strerror}); "
            "name a file in a folder that can, or leave it empty."
        ) from error
    render: Render = hide_secrets(render_json, secrets_of(settings))
    return lambda line: handler.emit(logging.makeLogRecord({"msg": render(line)}))


def secrets_of(settings: "Settings") -> frozenset[str]:
    """Return what no line of the log may show."""
    hidden = (settings.token, settings.engine_password)
    values = {secret.get_secret_value() for secret in hidden if secret is not None}
    password = urlsplit(settings.engine).password
    if password:
        values |= {password, unquote(password)}
    return frozenset(value for value in values if len(value) >= _SHORTEST_SECRET)


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logger.opt(exception=(kind, error, trace)).critical("the process ends on an uncaught exception")


def _log_uncaught_in_thread(uncaught: threading.ExceptHookArgs) -> None:
    if uncaught.exc_value is None:
        return
    name = uncaught.thread.name if uncaught.thread else "unknown"
    raised = (uncaught.exc_type, uncaught.exc_value, uncaught.exc_traceback)
    logger.opt(exception=raised).error("the thread {name} ended on an exception", name=name)
