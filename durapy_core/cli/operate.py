"""The verbs that ask somebody else to act: start, stop, restart, rollout, rollback; and `link`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from durapy_core import operations
from durapy_core.cli.output import print_json, print_lines
from durapy_core.cli.rig import open_rig, sender
from durapy_core.deploy.working_tree import WORKING_TREE
from durapy_core.engines.base import Engine
from durapy_core.errors import DeployError
from durapy_core.login_code import console_address, make_link, mint, published_address
from durapy_core.operations import ALL, Verb, Wishes
from durapy_core.settings import Settings, load_settings

_PATIENCE_S: Final = 120.0
_ROLLOUT_PATIENCE_S: Final = 900.0

Name = Annotated[str, typer.Argument(metavar="NAME", help="the service's name")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
Session = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="The open session that is known to be touched."),
]
WhenSessionEnds = Annotated[
    bool, typer.Option("--when-session-ends", help="Wait until the session has ended.")
]


def start(name: Name, *, as_json: AsJson = False) -> None:
    """Start a service and wait until it runs."""
    _ask("start", name, Wishes(), as_json=as_json)


def stop(
    name: Name,
    *,
    session: Session = None,
    when_session_ends: WhenSessionEnds = False,
    as_json: AsJson = False,
) -> None:
    """Stop a service and wait until it has ended; it stays stopped until `durapy start`."""
    _ask("stop", name, make_wishes(session, when_session_ends), as_json=as_json)


def restart(
    name: Name,
    *,
    session: Session = None,
    when_session_ends: WhenSessionEnds = False,
    as_json: AsJson = False,
) -> None:
    """Restart a service and wait until it runs again."""
    _ask("restart", name, make_wishes(session, when_session_ends), as_json=as_json)


def rollout(  # noqa: PLR0913 (options of the command line)
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="the service's name")] = "",
    revision: Annotated[
        str, typer.Argument(metavar="[REVISION]", help="branch, tag or commit; else the checkout's")
    ] = "",
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every service, one after the other.")
    ] = False,
    dirty: Annotated[
        bool, typer.Option("--dirty", help="The files as they are on disk, committed or not.")
    ] = False,
    session: Session = None,
    when_session_ends: WhenSessionEnds = False,
    as_json: AsJson = False,
) -> None:
    """Put another revision in the place of the one that runs; after a failure the old one runs.

    Ctrl-C cancels it. With --all, the only argument is the revision.
    """
    if every:
        name, revision = ALL, revision or name
    if not name:
        raise typer.BadParameter("name a service, or say --all")
    wished = WORKING_TREE if dirty else revision
    wishes = make_wishes(session, when_session_ends, revision=wished)
    _ask("rollout", name, wishes, as_json=as_json)


def rollback(
    name: Name,
    *,
    session: Session = None,
    when_session_ends: WhenSessionEnds = False,
    as_json: AsJson = False,
) -> None:
    """Roll out the revision that ran before the present one."""
    _ask("rollback", name, make_wishes(session, when_session_ends), as_json=as_json)


def link() -> None:
    """Print a link that signs a browser in to the console: good once, for 10 minutes."""
    settings = load_settings(Settings)
    with open_rig() as engine:
        address = published_address(engine) or console_address(settings, settings.port)
        print_lines(make_link(address, mint(engine)))


def make_wishes(session: str | None, when_session_ends: bool, *, revision: str = "") -> Wishes:  # noqa: FBT001 (an option of the command line)
    """Return what the options of the command line wish."""
    when = "session_ends" if when_session_ends else "now"
    return Wishes(session=session, when=when, revision=revision)


def _ask(verb: Verb, name: str, wishes: Wishes, *, as_json: bool) -> None:
    """Put a request, show what becomes of it, and return when it is done.

    Raises:
        DeployError: it was not done.
    """
    patience_s = _ROLLOUT_PATIENCE_S if verb.startswith("roll") else _PATIENCE_S
    patience_s = float("inf") if wishes.when == "session_ends" else patience_s
    state = None
    with open_rig() as engine:
        key = operations.request(engine, verb, name, by=sender(), wishes=wishes)
        with _cancelling(engine, key, name, may=verb.startswith("roll")):
            for state in operations.follow(engine, key, timeout_s=patience_s):
                if not as_json and state.state == "requested" and state.step != "done":
                    print_lines(*filter(None, (state.message, *state.lines)))
    if state is None or state.state != "done":
        raise DeployError(state.message if state else f"{verb} {name}: no outcome")
    if as_json:
        print_json(state.model_dump(mode="json", exclude_defaults=True))
    else:
        print_lines(state.message)


@contextmanager
def _cancelling(engine: Engine, key: str, name: str, *, may: bool) -> Iterator[None]:
    """Let Ctrl-C give up what was asked for, and say how that ended."""
    try:
        yield
    except KeyboardInterrupt:
        if not may:
            raise
        operations.request(engine, "cancel", name, by=sender(), wishes=Wishes(operation=key))
        for state in operations.follow(engine, key, timeout_s=_PATIENCE_S):
            if state.state != "requested":
                print_lines(state.message)
        raise
