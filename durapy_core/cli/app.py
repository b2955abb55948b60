"""The program `durapy`: its verbs in one table, and how they are run."""

import sys
from io import TextIOWrapper

import typer
from loguru import logger

from durapy_core.cli import history, logs, operate, run, send, show, types, up
from durapy_core.errors import SettingsError
from durapy_core.settings import Settings, load_settings

VERBS = (
    up.up,
    run.run,
    send.send,
    history.history,
    logs.logs,
    show.ps,
    types.types,
    operate.restart,
    operate.link,
    show.version,
)


def make_app() -> typer.Typer:
    """Return the command line with all its verbs."""
    app = typer.Typer(
        name="durapy",
        help="Run services, send them commands, and see what happened.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for verb in VERBS:
        app.command()(verb)
    return app


def run_app() -> int:
    """Run the verb in `sys.argv` and return its exit code; errors are the caller's."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    _log_to_stderr()
    try:
        make_app()(prog_name="durapy")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _log_to_stderr() -> None:
    """Log errors only, until a verb says otherwise; DEBUG shows everything, traces included."""
    try:
        wants_debug = load_settings(Settings).log_level == "DEBUG"
    except SettingsError:
        wants_debug = False  # the verb itself will say what is wrong
    logger.remove()
    level = "DEBUG" if wants_debug else "ERROR"
    logger.add(sys.stderr, level=level, format="durapy: {message} {extra}")
