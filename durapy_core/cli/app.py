"""The program `durapy`: its verbs in one table, and how they are run.

A verb's module is imported when it is the one asked for: a service, which runs for months, then
holds nothing in memory of what prints tables or checks schemas.
"""

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from io import TextIOWrapper
from typing import Final

import typer
from loguru import logger

from durapy_core.errors import SettingsError
from durapy_core.settings import Settings, load_settings

VERBS: Final = (
    "up.up",
    "run.run",
    "send.send",
    "history.history",
    "logs.logs",
    "show.ps",
    "types.types",
    "safe_state.safe_state",
    "safe_state.clear",
    "operate.start",
    "operate.stop",
    "operate.restart",
    "operate.rollout",
    "operate.rollback",
    "revisions.revisions",
    "forget.forget",
    "systemd.systemd",
    "operate.link",
    "user.user",
    "bench.bench",
    "show.version",
)
"""MODULE.FUNCTION in this package; the verb is called as the function, with `-` for `_`.

Verbs of a group are on a Typer of their own instead of a function.
"""


def make_app(verbs: Iterable[str] = VERBS) -> typer.Typer:
    """Return the command line with these verbs."""
    app = typer.Typer(
        name="durapy",
        help="Run services, send them commands, and see what happened.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)  # else typer takes a single verb for the program itself
    for verb in verbs:
        loaded = _load(verb)
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded)
        else:
            app.command()(loaded)
    return app


def run_app() -> int:
    """Run the verb in `sys.argv` and return its exit code; errors are the caller's."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    _log_to_stderr()
    try:
        make_app(_asked_for(sys.argv[1:]))(prog_name="durapy")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _asked_for(words: list[str]) -> Iterable[str]:
    """Return the verb that a command line begins with; all of them if it begins otherwise."""
    found = [verb for verb in VERBS if words[:1] == [_name_of(verb)]]
    return found or VERBS


def _name_of(verb: str) -> str:
    return verb.partition(".")[2].replace("_", "-")


def _load(verb: str) -> Callable[..., None] | typer.Typer:
    module, _, function = verb.partition(".")
    loaded: Callable[..., None] | typer.Typer
    loaded = getattr(import_module(f"durapy_core.cli.{module}"), function)
    return loaded


def _log_to_stderr() -> None:
    """Log errors only, until a verb says otherwise; DEBUG shows everything, traces included."""
    try:
        wants_debug = load_settings(Settings).log_level == "DEBUG"
    except SettingsError:
        wants_debug = False  # the verb itself will say what is wrong
    logger.remove()
    level = "DEBUG" if wants_debug else "ERROR"
    logger.add(sys.stderr, level=level, format="durapy: {message} {extra}")
