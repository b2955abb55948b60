"""With which number a DuraPy process ends, and the one line that it prints when it ends badly.

Shared by every entry point: `durapy`, `python -m webserver`, `python -m webserver.deployer`.
"""

import os
import sys
from collections.abc import Callable
from enum import IntEnum

from loguru import logger

from durapy_core.errors import (
    CommandError,
    DeployError,
    DurapyError,
    EngineError,
    EngineUnavailableError,
    ServiceError,
    SettingsError,
)


class ExitCode(IntEnum):
    """The exit codes of `durapy`; docs/reference.md lists them for users."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SETTINGS = 3
    SERVICE = 4
    COMMAND = 5
    ENGINE = 6
    UNAVAILABLE = 7
    DEPLOY = 8
    NOT_SAFE = 9
    BROKEN = 10
    INTERRUPTED = 130


_CODES: tuple[tuple[type[DurapyError], ExitCode], ...] = (
    (SettingsError, ExitCode.SETTINGS),
    (ServiceError, ExitCode.SERVICE),
    (CommandError, ExitCode.COMMAND),
    (EngineUnavailableError, ExitCode.UNAVAILABLE),
    (EngineError, ExitCode.ENGINE),
    (DeployError, ExitCode.DEPLOY),
)


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code for an error that ends the process."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return ExitCode.INTERRUPTED if isinstance(error, KeyboardInterrupt) else ExitCode.FAILED


def run_quietly(main: Callable[[], int | None], *, program: str = "durapy") -> int:
    """Call `main` and return its exit code; an error becomes one line on stderr, no traceback.

    The trace of any error is logged at DEBUG. A closed pipe and Ctrl-C say nothing.
    """
    try:
        code = main() or ExitCode.OK
        sys.stdout.flush()  # a closed pipe shows here, not while the interpreter ends
    except (BrokenPipeError, KeyboardInterrupt) as error:
        _forget_stdout(error)
        return exit_code_of(error)
    except DurapyError as error:
        _print_line(f"{program}: {error}")
        logger.opt(exception=error).debug("where it happened")
        return exit_code_of(error)
    except Exception as error:  # noqa: BLE001 (the last stop before the user)
        _print_line(
            f"{program}: unforeseen {type(error).__name__}: {error} "
            "(DURAPY_LOG_LEVEL=DEBUG shows where)"
        )
        logger.opt(exception=error).debug("where it happened")
        return ExitCode.FAILED
    return code


def _forget_stdout(error: BaseException) -> None:
    """Let the interpreter's last flush go nowhere: whoever read our output has gone."""
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_line(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr)  # noqa: T201 (this is the command line)
