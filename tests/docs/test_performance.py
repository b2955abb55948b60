"""The commands of docs/performance.md work as they stand there, but shorter."""

import re
import shlex
from pathlib import Path

import pytest

from durapy_core.bench.plan import MEASURES
from tests.support.checkout import ROOT
from tests.support.cli import run_durapy
from tests.support.documents import read_document
from tests.support.redis_server import RedisServer

PAGE = read_document("docs/performance.md")
COMMANDS = [line for code in PAGE.code("sh") for line in code.text.splitlines()]
SHORTER = ("--quick", "--rounds", "1", "--only", "round-trip")
THEIR_REDIS = "redis://127.0.0.1:6379/0"


@pytest.mark.e2e
@pytest.mark.redis
@pytest.mark.timeout(360)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_works(command: str, tmp_path: Path, redis_server: RedisServer) -> None:
    program, *words = shlex.split(command.replace(THEIR_REDIS, redis_server.tcp_url))
    (tmp_path / ".durapy").mkdir()
    one_store = ("--engine", redis_server.unix_url) if "--" in command else ()

    result = run_durapy(*words, *SHORTER, *one_store, cwd=tmp_path, limit_s=300)

    assert program == ".venv/bin/durapy"
    assert result.code == 0, result.err
    assert "round trip, ping to pong" in result.out
    for name in [word for word in words if word.endswith((".json", ".svg"))]:
        assert (tmp_path / name).stat().st_size > 100


def test_the_picture_of_the_run_is_a_picture_of_this_program() -> None:
    text = (ROOT / "docs" / "performance.svg").read_text(encoding="utf-8")

    assert "performance.svg" in PAGE.links()
    assert {measure.title for measure in MEASURES} <= set(re.findall(r">([^<]+)</text>", text))
