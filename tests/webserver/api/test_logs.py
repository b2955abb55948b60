"""The logs over HTTP: pages in both directions, filters, and files of any size."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from durapy_core.engines import EngineOptions, open_engine
from durapy_core.engines.base import LOGS
from durapy_core.engines.memory import MemoryEngine
from tests.support.console import Console, run_console
from tests.support.log_entries import log_entry, log_lines
from tests.support.redis_server import RedisServer
from webserver.api.logs import MOST_DOWNLOADED

Json = dict[str, Any]


def messages(console: Console, **query: Any) -> list[str]:
    answer = console.api("GET", "logs", params=query)
    assert answer.status_code == 200, answer.text
    return [line["message"] for line in answer.json()["lines"]]


def test_the_newest_lines_come_first_and_pages_lead_back_to_the_first(console: Console) -> None:
    log_lines(console.engine, *(str(n) for n in range(25)))

    seen: list[str] = []
    before: str | None = ""
    while before is not None:
        page = console.api("GET", "logs", params={"limit": 10, "before": before}).json()
        seen += [line["message"] for line in page["lines"]]
        before = page["before"]

    assert seen == [str(n) for n in reversed(range(25))]


def test_lines_after_a_key_come_oldest_first_to_the_end(console: Console) -> None:
    keys = log_lines(console.engine, *(str(n) for n in range(25)))

    first = console.api("GET", "logs", params={"after": keys[4], "limit": 10}).json()
    rest = console.api("GET", "logs", params={"after": first["after"], "limit": 100}).json()

    assert [line["message"] for line in first["lines"]] == [str(n) for n in range(5, 15)]
    assert [line["message"] for line in rest["lines"]] == [str(n) for n in range(15, 25)]
    assert rest["after"] is None


def test_the_oldest_lines_may_come_first(console: Console) -> None:
    log_lines(console.engine, *(f"line {n}" for n in range(3)))

    page = console.api("GET", "logs", params={"after": "start", "limit": 2}).json()

    assert [line["message"] for line in page["lines"]] == ["line 0", "line 1"]
    assert page["after"] == page["lines"][-1]["key"]


def test_filters_choose_by_level_service_record_and_text(console: Console) -> None:
    engine = console.engine
    log_lines(engine, "fine", service="pinger")
    log_lines(engine, "Late frame", service="camera", level="WARNING", fields={"n": "Four"})
    log_lines(engine, "broken", service="camera", level="CRITICAL", exception="ValueError: x")
    log_lines(engine, "step", service="pinger", level="DEBUG", record="7")

    assert messages(console, level="warning") == ["broken", "Late frame"]
    assert messages(console, levels="error,debug") == ["step", "broken"]
    assert messages(console, service="pinger,nobody") == ["step", "fine"]
    assert messages(console, record="7") == ["step"]
    assert messages(console, text="late") == ["Late frame"]
    assert messages(console, text="n=four") == []
    assert messages(console, text="four") == ["Late frame"]
    assert messages(console, text="valueERROR") == ["broken"]
    assert messages(console, text="message") == []


def test_times_are_limits(console: Console) -> None:
    log_lines(console.engine, "now")
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    assert messages(console, since=before, until=later) == ["now"]
    assert messages(console, until=before) == []
    assert messages(console, since=later) == []


@pytest.mark.parametrize(
    "query",
    [
        {"level": "loud"},
        {"levels": "error,loud"},
        {"since": "yesterday"},
        {"until": "1"},
        {"limit": "2001"},
        {"before": "x"},
        {"before": "1", "after": "1"},
        {"text": ["a", "b"]},
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(console: Console, query: Json) -> None:
    answer = console.api("GET", "logs", params=query)

    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["error"]["message"]


def test_a_page_says_where_to_go_on_when_nothing_on_it_fits(
    console: Console, engine: MemoryEngine
) -> None:
    log_lines(engine, "needle")
    engine.append_many(LOGS, [log_entry("hay")] * 20_500)

    first = console.api("GET", "logs", params={"text": "needle"}).json()
    second = console.api("GET", "logs", params={"text": "needle", "before": first["before"]}).json()

    assert first["lines"] == []
    assert [line["message"] for line in second["lines"]] == ["needle"]


def test_the_download_is_every_line_that_fits_oldest_first(console: Console) -> None:
    log_lines(console.engine, *(f"line {n}" for n in range(2_500)))
    log_lines(console.engine, "left out", service="other")

    text = console.api("GET", "logs/download", params={"service": "reward"})
    rows = console.api("GET", "logs/download", params={"service": "reward", "format": "jsonl"})

    assert [row.rpartition("line ")[2] for row in text.text.splitlines()] == [
        str(n) for n in range(2_500)
    ]
    assert [json.loads(row)["message"] for row in rows.text.splitlines()] == [
        f"line {n}" for n in range(2_500)
    ]
    assert text.headers["Content-Type"].startswith("text/plain")
    assert text.headers["X-Content-Type-Options"] == "nosniff"
    assert text.headers["Content-Disposition"].startswith('attachment; filename="logs-')


def test_a_download_as_text_keeps_one_row_for_one_line_and_hides_control_characters(
    console: Console,
) -> None:
    log_lines(console.engine, "a\nforged row\x1b[2J", exception="Trace\nValueError: no")

    rows = console.api("GET", "logs/download").text.splitlines()

    assert [row[:4] == "    " for row in rows] == [False, True, True, True]
    assert "\x1b" not in "".join(rows)


def test_a_download_ends_after_the_most_lines_and_says_so(
    console: Console, engine: MemoryEngine
) -> None:
    engine.append_many(LOGS, [log_entry("x")] * (MOST_DOWNLOADED + 1))

    rows = console.api("GET", "logs/download").text.splitlines()

    assert len(rows) == MOST_DOWNLOADED + 1
    assert "a download ends after 200,000 lines" in rows[-1]


def test_logs_are_for_those_who_have_signed_in(console: Console) -> None:
    for path in ("logs", "logs/download"):
        assert console.api("GET", path, token=None).status_code == 401


def test_a_socket_is_told_of_new_lines_that_pass_its_filter(console: Console) -> None:
    log_lines(console.engine, "before")
    with console.connect() as socket:
        socket.hello("log")
        log_lines(console.engine, "one")
        socket.hear_lines(["one"])
        socket.say(op="subscribe", topics=["log"], filter={"level": "warning", "service": "cam"})
        socket.say(op="send", id=1, type="PING", body={"key": "a1"})
        socket.hear("ack")  # so the filter is set
        log_lines(console.engine, "info", service="cam")
        log_lines(console.engine, "other", service="dog", level="ERROR")
        log_lines(console.engine, "late", service="cam", level="ERROR")
        data = socket.hear_lines(["late"])

    assert data["gap"] is False
    assert data["lines"][0]["level"] == "ERROR"


def test_a_filter_that_cannot_be_used_is_refused(console: Console) -> None:
    with console.connect() as socket:
        socket.hello()
        for wrong in ({"level": "loud"}, {"colour": "red"}, {"text": 3}, ["x"]):
            socket.say(op="subscribe", topics=["log"], filter=wrong)
            assert socket.hear("error")["code"] == "bad_request"


def test_many_lines_come_in_few_events(console: Console) -> None:
    with console.connect() as socket:
        socket.hello("log")
        log_lines(console.engine, *(str(n) for n in range(1_000)))
        events = 0
        seen: list[str] = []
        while len(seen) < 1_000:
            lines = socket.hear("event", topic="log")["data"]["lines"]
            seen += [line["message"] for line in lines]
            events += 1

    assert seen == [str(n) for n in range(1_000)]
    assert events < 100


@pytest.mark.redis
def test_a_page_of_a_hundred_thousand_lines_on_redis_is_quick(
    redis_server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_engine(redis_server.unix_url, EngineOptions(namespace="logs100k")) as engine:
        engine.append_many(LOGS, [log_entry("hay", fields={"n": 1})] * 100_000)
        with run_console(engine, tmp_path) as console:
            queries = ({"limit": 2000}, {"text": "needle"}, {"until": "2001-01-01T00:00:00Z"})
            answers = [console.api("GET", "logs", params=query) for query in queries]
            began = datetime.now(UTC)
            file = console.api("GET", "logs/download")
            took = datetime.now(UTC) - began
    with capsys.disabled():
        times = ", ".join(f"{answer.elapsed.total_seconds():.3f} s" for answer in answers)
        print(f"\n100,000 lines: page, search, jump {times}; download {took.total_seconds():.1f} s")  # noqa: T201

    assert len(answers[0].json()["lines"]) == 2000
    assert file.text.count("\n") == 100_000
