"""mypy finds a handler that takes another command than the one it is registered for."""

from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]
HEAD = """
from durapy_core import Context, Controller, Service, on, BackgroundContext, ServiceContext
from services.commands import *

service = Service("rig")
"""


def check(snippet: str, tmp_path: Path) -> str:
    path = tmp_path / "snippet.py"
    path.write_text(HEAD + snippet, encoding="utf-8")
    options = ["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--no-error-summary"]
    output, errors, _ = api.run([*options, str(path)])
    assert not errors, errors
    return output


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_right_wiring_passes(tmp_path: Path) -> None:
    assert not check(
        """
class Good(Controller):
    def __init__(self, start: InitiateSessionCommand, ctx: Context) -> None:
        ctx.spawn(self.work, "x", times=2)

    def work(self, task: BackgroundContext, text: str, *, times: int) -> None:
        task.wait(times)

    @on(PingCommand)
    def ping(self, command: PingCommand, ctx: Context) -> None:
        print(command.key)

class Silent(Controller):
    pass

@service.on(PongCommand)
def pong(command: PongCommand, ctx: Context) -> None:
    print(command.output_key)

@service.on_start
def start(ctx: ServiceContext) -> None:
    ctx.send(PingCommand(key="k"))

service.session(Good, begins=InitiateSessionCommand, ends=EndSessionCommand)
Service("other").session(Silent, begins=InitiateSessionCommand, ends=EndSessionCommand)
""",
        tmp_path,
    )


@pytest.mark.parametrize(
    ("snippet", "complaint"),
    [
        (
            """
@service.on(PongCommand)
def pong(command: PingCommand, ctx: Context) -> None: ...
""",
            "PingCommand",
        ),
        (
            """
class Bad(Controller):
    @on(PongCommand)
    def pong(self, command: PingCommand, ctx: Context) -> None: ...
""",
            "PingCommand",
        ),
        (
            """
class Bad(Controller):
    def __init__(self, start: PingCommand, ctx: Context) -> None: ...
service.session(Bad, begins=InitiateSessionCommand, ends=EndSessionCommand)
""",
            'incompatible type "type[Bad]"',
        ),
        (
            """
@service.on(PongCommand)
async def pong(command: PongCommand, ctx: Context) -> None: ...
""",
            "Coroutine",
        ),
        (
            """
def work(task: BackgroundContext, times: int) -> None: ...
@service.on(PongCommand)
def pong(command: PongCommand, ctx: Context) -> None:
    ctx.spawn(work, "many")
""",
            'expected "int"',
        ),
        (
            """
@service.on_start
def start(ctx: Context) -> None: ...
""",
            "ServiceContext",
        ),
    ],
)
def test_wrong_wiring_is_found(snippet: str, complaint: str, tmp_path: Path) -> None:
    output = check(snippet, tmp_path)

    assert "error:" in output
    assert complaint in output
