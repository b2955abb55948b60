"""`durapy bench` as a user runs it: it is complete and sane; how fast this computer is, is open."""

import json
import signal
import sqlite3
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from durapy_core.bench.plan import MEASURES, RECEIVERS
from tests.support.cli import Result, run_durapy, start_durapy
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

SIDES = {"DuraPy", "DuraPy, commit_ms=0", "redis-py Connection", "redis.Redis"}


def run_bench(*arguments: str, cwd: Path) -> Result:
    return run_durapy("bench", *arguments, cwd=cwd, limit_s=400)


def sides_of(figures: list[dict[str, Any]], measure: str) -> set[str]:
    return {figure["side"] for figure in figures if figure["measure"] == measure}


@pytest.mark.timeout(600)
def test_on_redis_every_measure_is_made_beside_the_rivals_and_nothing_is_left(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    before = set(client.scan_iter())
    files = ("--json", "bench.json", "--svg", "bench.svg")

    result = run_bench(
        "--quick", "--rounds", "1", "--engine", redis_server.unix_url, *files, cwd=tmp_path
    )

    assert result.code == 0, result.err
    assert "recovery" in result.err  # it said what it was doing
    found = json.loads((tmp_path / "bench.json").read_text())
    for measure in MEASURES:
        expected = SIDES if len(measure.rivals) > 1 else {"DuraPy", "redis-py Connection"}
        assert sides_of(found["figures"], measure.name) == expected
    for figure in found["figures"]:
        assert 0 < figure["p50_us"] <= figure["p99_us"]
        assert figure["commands_per_s"] > 0
        assert figure["cpu_us_per_command"] > 0
        assert (figure["ratio"] is None) == (figure["side"] == "redis-py Connection")
    assert found["stores"][redis_server.unix_url]["appendfsync"] == "off"
    assert [len(way["times_s"]) for way in found["recovery"]] == [1, 1]
    assert all(0 < time_s < 30 for way in found["recovery"] for time_s in way["times_s"])
    assert set(client.scan_iter()) == before
    assert f"one sender to {RECEIVERS} services" in result.out
    ET.parse(tmp_path / "bench.svg")  # noqa: S314 (our own file)


@pytest.mark.timeout(600)
def test_on_sqlite_the_users_own_file_is_not_touched(tmp_path: Path) -> None:
    mine = tmp_path / "mine.db"
    sqlite3.connect(mine).execute("CREATE TABLE mine (x)").connection.close()
    before = mine.read_bytes()
    only = ("--only", "round-trip,batched,recovery", "--json", "bench.json")

    result = run_bench(
        "--quick", "--rounds", "1", "--engine", f"sqlite:///{mine}", *only, cwd=tmp_path
    )

    assert result.code == 0, result.err
    figures = json.loads((tmp_path / "bench.json").read_text())["figures"]
    assert sides_of(figures, "round-trip") == {"DuraPy", "DuraPy, commit_ms=0"}
    assert sides_of(figures, "batched") == {"DuraPy", "DuraPy, commit_ms=0"}
    assert "SIGKILL, a standby takes over" in result.out
    assert mine.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench.json", "mine.db"]


def test_interrupted_it_leaves_nothing_behind(tmp_path: Path, redis_server: RedisServer) -> None:
    client = redis_server.client()
    before = set(client.scan_iter())
    process = start_durapy(
        *("bench", "--only", "round-trip", "--rounds", "1000"),
        *("--engine", redis_server.unix_url),
        cwd=tmp_path,
    )
    wait_for(lambda: set(client.scan_iter()) - before, "a measurement to write")

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert out == ""
    assert set(client.scan_iter()) == before


def test_a_measure_that_does_not_exist_is_named(tmp_path: Path) -> None:
    result = run_bench("--only", "round-trip,speed", cwd=tmp_path)

    assert result.code == 3
    assert "--only speed: there are round-trip," in result.err


def test_a_store_of_one_process_cannot_be_measured(tmp_path: Path) -> None:
    result = run_bench("--engine", "memory://", cwd=tmp_path)

    assert result.code == 3
    assert "memory:// cannot be measured" in result.err


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("redis://127.0.0.1:1/0", 7, "redis://127.0.0.1:1/0 does not answer"),
        ("redis://127.0.0.1/x", 3, "behind the host stands the number of a database"),
        ("sqlite:////nowhere/rig.db", 3, "no folder can be made beside it"),
    ],
)
def test_a_store_that_cannot_be_used_is_named(
    url: str, code: int, says: str, tmp_path: Path
) -> None:
    result = run_bench("--engine", url, cwd=tmp_path)

    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert len(result.err.splitlines()) <= 2  # and that the computer is busy, if it is


def test_a_redis_user_who_may_not_clean_up_measures_nothing(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    client.execute_command("ACL", "SETUSER", "guest", "on", ">pw", "~*", "+xadd", "+info", "+scan")
    url = redis_server.tcp_url.replace("//", "//guest:pw@")

    result = run_bench("--engine", url, cwd=tmp_path)

    assert result.code == 6
    assert "give --engine a user who may do all" in result.err
    assert "pw" not in result.err
    client.execute_command("ACL", "DELUSER", "guest")
