"""What a process prints past its logger: which lines count, and where a traceback ends."""

import threading
from datetime import UTC, datetime

from durapy_core.log_lines import render_colour, render_json
from durapy_core.log_sink import Line
from durapy_core.raw_output import RawOutput
from tests.support.waiting import wait_for

TRACE = """Traceback (most recent call last):
  File "x.py", line 1, in <module>
    raise KeyError("a")
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "x.py", line 3, in <module>
ValueError: no"""


def heard(*texts: str) -> list[Line]:
    lines: list[Line] = []
    raw = RawOutput(lines.append)
    for text in texts:
        raw.line("rig", text)
    raw.finish()
    return lines


def logged(message: str, error: BaseException | None = None) -> Line:
    fields = {"service": "rig", "path": "/x"}
    return Line(time=datetime.now(UTC), level="INFO", message=message, fields=fields, error=error)


def test_a_printed_line_is_a_line_of_the_log() -> None:
    [line] = heard("\x1b[31mhello\x1b[0m\n")

    assert (line.level, line.message, line.fields["service"]) == ("INFO", "hello", "rig")


def test_what_a_logger_wrote_is_left_out_whole() -> None:
    line = logged("two\nlines", ValueError("no"))
    texts = [*render_colour(line).split("\n"), render_json(line)]

    assert len(texts) > 3
    assert heard(*texts) == []


def test_a_traceback_is_one_line_that_says_what_happened() -> None:
    first, second = heard("before", *TRACE.split("\n"))

    assert first.message == "before"
    assert (second.level, second.message) == ("ERROR", "ValueError: no")
    assert second.fields["exception"] == TRACE


def test_where_there_is_no_thread_left_a_traceback_comes_in_pieces() -> None:
    before = threading.stack_size(1 << 55)  # more than any computer can address
    try:
        lines = heard(*TRACE.split("\n"))
    finally:
        threading.stack_size(before)

    assert [line.message for line in lines] == [text for text in TRACE.split("\n") if text]


def test_a_fatal_error_says_its_first_line() -> None:
    dump = ["Fatal Python error: Segmentation fault", "", "Thread 1 (most recent call first):"]
    [line] = heard(*dump, "  File x", "Extension modules: a, b (total: 2)")

    assert line.message == "Fatal Python error: Segmentation fault"


def test_a_traceback_ends_where_the_logger_goes_on() -> None:
    lines = heard(*TRACE.split("\n"), render_json(logged("on")), "printed")

    assert [line.message for line in lines] == ["ValueError: no", "printed"]


def test_a_traceback_ends_when_nothing_more_comes() -> None:
    lines: list[Line] = []
    raw = RawOutput(lines.append, quiet_s=0.01)
    for text in TRACE.split("\n"):
        raw.line("rig", text)

    wait_for(lambda: lines, "the end of the traceback")


def test_an_endless_traceback_is_handed_on_in_pieces() -> None:
    lines = heard("Traceback (most recent call last):", *["  File"] * 1000)

    assert all(line.fields.get("exception", "").count("\n") < 400 for line in lines)


def test_the_sign_in_link_is_kept_nowhere() -> None:
    assert heard("DuraPy is ready: http://127.0.0.1:8080/login?code=secret") == []


def test_the_line_with_which_a_program_ends_badly_is_an_error() -> None:
    [line] = heard("durapy: DURAPY_ENGINE=x is not a URL")

    assert line.level == "ERROR"
