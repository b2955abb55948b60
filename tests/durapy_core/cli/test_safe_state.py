"""`durapy safe-state` and `durapy clear`, with services that run in threads of the test."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from durapy_core import Service, ServiceContext
from durapy_core.engines.base import SAFETY, STATUS
from durapy_core.entry import CLEAR_SAFE_STATE, SAFE_STATE
from durapy_core.exit_codes import ExitCode
from durapy_core.runtime import run_service
from durapy_core.safe_state import enter_safe_state
from durapy_core.settings import Settings, load_settings
from durapy_core.status import ServiceState, ServiceStatus
from tests.support.cli import Cli
from tests.support.waiting import wait_for

LIMIT_S = 30


@contextmanager
def running(cli: Cli, name: str, make_safe: Callable[[], None] | None = None) -> Iterator[None]:
    """Run a service on the rig of the command line for the time of a `with`."""
    service, contexts = Service(name), []

    @service.on_start
    def keep(ctx: ServiceContext) -> None:
        contexts.append(ctx)

    if make_safe is not None:
        service.on_safe_state(lambda _ctx: make_safe())
    with cli.open_engine() as engine:
        settings = load_settings(Settings)
        thread = Thread(target=run_service, args=(service, engine, settings))
        thread.start()
        try:
            wait_for(lambda: state_of(cli, name) is ServiceState.IDLE, f"{name} to run")
            yield
        finally:
            contexts[0].stop_service()
            thread.join(LIMIT_S)


def state_of(cli: Cli, name: str) -> ServiceState | None:
    with cli.open_engine() as engine:
        rows = engine.table(STATUS).values()
    said = [ServiceStatus.from_text(row.text) for row in rows]
    return next((status.state for status in said if status.service == name), None)


def is_engaged(cli: Cli) -> bool:
    with cli.open_engine() as engine:
        return engine.safe_state().engaged


def fail() -> None:
    raise RuntimeError("the valve is stuck")


def test_it_prints_what_each_service_answers(cli: Cli) -> None:
    with running(cli, "valve", lambda: None), running(cli, "camera"):
        result = cli("safe-state", "--reason", "smoke")
        shown = cli("ps")
        with cli.open_engine() as engine:
            (entry,) = engine.page(SAFETY)

    assert result.code == ExitCode.OK, result.out
    rows = {line.split()[0]: line for line in result.out.splitlines()[2:-1]}
    assert "safe" in rows["valve"]
    assert "it has no handler" in rows["camera"]
    assert (entry.type, entry.sender) == (SAFE_STATE, "cli:ada")
    assert json.loads(entry.body or "") == {"reason": "smoke"}
    assert "idle, safe state" in shown.out


def test_a_service_that_fails_is_named_and_the_exit_code_says_so(cli: Cli) -> None:
    with running(cli, "valve", fail):
        result = cli("safe-state")

    assert result.code == ExitCode.NOT_SAFE
    assert "FAILED" in result.out
    assert "the valve is stuck" in result.out


def test_a_service_that_does_not_answer_is_named_and_the_exit_code_says_so(cli: Cli) -> None:
    answer = Event()

    def hang() -> None:
        answer.wait(LIMIT_S)

    with running(cli, "valve", hang):
        result = cli("safe-state", "--json")
        answer.set()

    assert result.code == ExitCode.NOT_SAFE
    report = json.loads(result.out)
    assert report["engaged"]
    assert [row["state"] for row in report["services"]] == ["waiting"]


def test_clear_leaves_it_and_says_so(cli: Cli) -> None:
    with running(cli, "valve", lambda: None):
        cli("safe-state")
        result = cli("clear", "--yes")
        shown = cli("ps")

    assert (result.code, result.out) == (ExitCode.OK, "The safe state is cleared.\n")
    assert "safe state" not in shown.out
    assert not is_engaged(cli)


def test_clear_asks_first(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with cli.open_engine() as engine:
        enter_safe_state(engine, by="cli:ada", reason="smoke")
    monkeypatch.setattr("builtins.input", lambda _prompt="": "n")
    refused = cli("clear")

    assert refused.code == ExitCode.FAILED
    assert "The safe state was entered by cli:ada since" in refused.out
    assert ": smoke." in refused.out
    assert is_engaged(cli)


def test_clear_where_it_is_not_engaged_says_so(cli: Cli) -> None:
    result = cli("clear")

    assert (result.code, result.out) == (ExitCode.OK, "The safe state is not engaged.\n")
    assert json.loads(cli("clear", "--json").out) == {"engaged": False, "services": []}


@pytest.mark.parametrize("typed", ["SAFE_STATE", "safe-state", "Safe_State"])
def test_sending_it_like_a_command_enters_it(typed: str, empty_cli: Cli) -> None:
    empty_cli.open_engine().close()  # a rig on which nothing has ever run
    result = empty_cli("send", typed, "smoke", "in=the rig")

    assert result.code == ExitCode.OK
    assert is_engaged(empty_cli)
    assert [entry.type for entry in empty_cli.entries()] == [SAFE_STATE]


def test_sending_the_clearing_like_a_command_is_refused_with_what_to_do(cli: Cli) -> None:
    cli("safe-state")
    result = cli("send", CLEAR_SAFE_STATE)

    assert result.code == ExitCode.COMMAND
    assert "`durapy clear`" in result.err
    assert is_engaged(cli)
