import pytest

from durapy_core.errors import (
    CommandError,
    CorruptRecordError,
    DeployError,
    DurapyError,
    EngineError,
    EngineUnavailableError,
    InvalidCommandError,
    RegistrationError,
    SettingsError,
)
from durapy_core.exit_codes import ExitCode, exit_code_of, run_quietly


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("x"), ExitCode.SETTINGS),
        (RegistrationError("x"), ExitCode.SERVICE),
        (CommandError("x"), ExitCode.COMMAND),
        (InvalidCommandError("x"), ExitCode.COMMAND),
        (EngineError("x"), ExitCode.ENGINE),
        (CorruptRecordError("x"), ExitCode.ENGINE),
        (EngineUnavailableError("x"), ExitCode.UNAVAILABLE),
        (DeployError("x"), ExitCode.DEPLOY),
        (DurapyError("x"), ExitCode.FAILED),
        (ValueError("x"), ExitCode.FAILED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: BaseException, code: ExitCode) -> None:
    assert exit_code_of(error) is code


def test_an_error_is_one_line_even_if_its_message_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise SettingsError("first\n  second")

    assert run_quietly(fail, program="webserver") == ExitCode.SETTINGS
    assert capsys.readouterr().err == "webserver: first second\n"


def test_an_unforeseen_error_is_one_line_that_says_where_the_trace_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("division by zero")

    assert run_quietly(fail) == ExitCode.FAILED
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("durapy: unforeseen ZeroDivisionError: division by zero")


def test_ctrl_c_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert run_quietly(interrupted) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == ""


def test_what_main_returns_is_the_exit_code() -> None:
    assert run_quietly(lambda: None) == ExitCode.OK
    assert run_quietly(lambda: 5) == 5
