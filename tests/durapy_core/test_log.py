"""Logging: what is written where, what is hidden, and that nobody waits for it."""

import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from loguru import logger

from durapy_core.errors import SettingsError
from durapy_core.log import configure
from durapy_core.log_lines import hide_secrets, render_colour, render_json
from durapy_core.log_sink import Line, QueueSink
from durapy_core.settings import Settings

LIMIT_S = 10
ROOT = Path(__file__).parents[2]


def make_settings(**given: Any) -> Settings:
    return Settings(**{"log_format": "json", "engine": "memory://", **given})


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Leave logging as it was."""
    hooks = (sys.excepthook, threading.excepthook)
    handlers = logging.getLogger().handlers[:]  # noqa: TID251 (put back what was there)
    yield
    logger.remove()
    logger.configure(extra={})
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers[:] = handlers  # noqa: TID251 (as above)


def written(log: Callable[[], object], **given: Any) -> list[dict[str, Any]]:
    """Return the JSON lines that are written while `log` is called."""
    stream = io.StringIO()
    configure(make_settings(**given), service="rig", replica="r1", stream=stream)
    log()
    logger.remove()  # writes what is left
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_fields() -> None:
    lines = written(lambda: logger.bind(key="7-0").info("handled {n}", n=3, path=Path("/x")))

    time = datetime.fromisoformat(lines[0].pop("time"))
    assert time.utcoffset() == timedelta(0)
    assert lines == [
        {
            "level": "INFO",
            "service": "rig",
            "replica": "r1",
            "key": "7-0",
            "message": "handled 3",
            "n": 3,
            "path": "/x",
        }
    ]


def test_a_text_from_outside_is_one_line_in_json_and_moves_no_cursor_on_a_terminal() -> None:
    evil = 'a\nb\x1b[2J\x00"{}'
    lines = written(lambda: logger.info("got {text}", text=evil))
    shown = render_colour(make_line(fields={"text": evil}))

    assert lines[0]["text"] == evil
    assert "\x1b[2J" not in shown
    assert "\x00" not in shown
    assert "\n" not in shown


def test_what_is_less_severe_than_the_level_is_left_out() -> None:
    def log() -> None:
        logger.debug("detail")
        logger.info("news")
        logger.warning("careful")

    assert [line["message"] for line in written(log, log_level="warning")] == ["careful"]


def test_an_exception_is_shown_with_its_trace_but_not_with_the_values_of_variables() -> None:
    def fail(value: str) -> None:
        raise ValueError(len(value))

    def log() -> None:
        try:
            fail("hunter" + "2" * 3)
        except ValueError:
            logger.exception("it failed")

    line = written(log)[0]

    assert "ValueError: 9" in line["exception"]
    assert "test_log.py" in line["exception"]
    assert "hunter222" not in line["exception"]


def test_secrets_of_the_settings_are_hidden_wherever_they_appear() -> None:
    text = 'tok"en1 and pa:ss2 and pa%3Ass2 and passw3'
    secrets = {"token": 'tok"en1', "engine_password": "passw3"}
    lines = written(
        lambda: logger.info(text, url="redis://u:pa%3Ass2@h", error="passw3"),
        **secrets,
        engine="redis://u:pa%3Ass2@h:1",
    )

    assert lines[0]["message"] == "*** and *** and *** and ***"
    assert lines[0]["url"] == "redis://u:***@h"
    assert lines[0]["error"] == "***"


def test_the_standard_library_and_its_warnings_are_routed_in() -> None:
    def log() -> None:
        library = logging.getLogger("some.library")  # noqa: TID251 (as a library does)
        library.debug("chatter")
        library.info("chatter")
        library.warning("100% of {braces}")
        library.log(45, "an odd level")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", stacklevel=1)

    lines = written(log)

    assert [(x["level"], x["logger"]) for x in lines] == [
        ("WARNING", "some.library"),
        ("Level 45", "some.library"),
        ("WARNING", "py.warnings"),
    ]
    assert lines[0]["message"] == "100% of {braces}"
    assert lines[0]["service"] == "rig"


def test_an_uncaught_exception_of_a_thread_is_logged() -> None:
    def fail() -> None:
        raise ValueError("in a thread")

    def log() -> None:
        thread = Thread(target=fail, name="worker")
        thread.start()
        thread.join()

    lines = written(log)

    assert lines[0]["message"] == "the thread worker ended on an exception"
    assert "in a thread" in lines[0]["exception"]


def test_a_stream_that_takes_only_ascii_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    configure(make_settings(log_format="colour"), service="rig", stream=stream)
    logger.info("Grüße")
    logger.remove()

    assert b"Gr\\xfc\\xdfe" in raw.getvalue()


def test_a_terminal_gets_colour_and_anything_else_json() -> None:
    class Terminal(io.StringIO):
        """A stream that says it is a terminal."""

        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        configure(make_settings(log_format="auto"), service="rig", stream=stream)
        logger.info("hello", n=1)
        logger.remove()

    assert "\x1b[32mINFO" in terminal.getvalue()
    assert "rig │ hello" in terminal.getvalue()
    assert json.loads(pipe.getvalue())["message"] == "hello"


def test_a_log_file_is_named_after_the_service_and_rotated(tmp_path: Path) -> None:
    def log() -> None:
        for number in range(100):
            logger.info("line {number} ä", number=number)

    written(
        log, log_file=tmp_path / "logs" / "{service}.log", log_file_size_mb=0.005, log_file_keep=2
    )

    files = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert files == ["rig.log", "rig.log.1", "rig.log.2"]
    newest = (tmp_path / "logs" / "rig.log").read_text(encoding="utf-8").splitlines()
    assert json.loads(newest[-1])["message"] == "line 99 ä"


def test_a_log_file_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"DURAPY_LOG_FILE=.* cannot be written"):
        configure(
            make_settings(log_file=tmp_path / "file" / "x.log"), service="rig", stream=io.StringIO()
        )


def make_line(message: str = "hello", **given: Any) -> Line:
    return Line(
        **{"time": datetime.now(UTC), "level": "INFO", "message": message, "fields": {}, **given}
    )


def test_hiding_nothing_changes_nothing() -> None:
    assert hide_secrets(render_json, frozenset()) is render_json


class Gate:
    """An output that takes nothing until it is opened."""

    def __init__(self) -> None:
        self.entered, self.open = Event(), Event()
        self.lines: list[str] = []

    def __call__(self, line: Line) -> None:
        self.entered.set()
        assert self.open.wait(LIMIT_S)
        self.lines.append(line.message)


def test_a_full_queue_drops_its_oldest_lines_and_says_how_many() -> None:
    gate = Gate()
    sink = QueueSink([gate], limit=10)
    number = logger.add(sink, format="{message}")
    logger.info("0")
    assert gate.entered.wait(LIMIT_S)
    for count in range(1, 26):
        logger.info(str(count))
    gate.open.set()
    logger.remove(number)

    said = "15 log lines were dropped: they came faster than they could be written"
    assert gate.lines == ["0", said, *(str(count) for count in range(16, 26))]


def test_a_stuck_output_keeps_nobody_waiting() -> None:
    gate = Gate()
    sink = QueueSink([gate], limit=10)
    number = logger.add(sink, format="{message}")
    for count in range(100):
        logger.info(str(count))

    assert not sink.drain(0.01)
    gate.open.set()
    assert sink.drain(LIMIT_S)
    logger.remove(number)


def test_an_output_that_fails_loses_its_line_only() -> None:
    lines: list[str] = []

    def full_disk(_line: Line) -> None:
        raise OSError(28, "No space left on device")

    sink = QueueSink([full_disk, lambda line: lines.append(line.message)])
    number = logger.add(sink, format="{message}")
    logger.info("one")
    logger.info("two")
    logger.remove(number)

    assert lines == ["one", "two"]


@pytest.mark.parametrize(
    ("ending", "said"),
    [("", []), ("raise ValueError('boom')", ["the process ends on an uncaught exception"])],
)
def test_every_line_is_written_before_the_process_exits(ending: str, said: list[str]) -> None:
    program = f"""
from loguru import logger
from durapy_core.log import configure
from durapy_core.settings import Settings
configure(Settings(engine="memory://"), service="rig")
for number in range(5000):
    logger.info("line")
{ending}
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    messages = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert messages == ["line"] * 5000 + said
    assert done.returncode == bool(said)
