import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from durapy_core import operations
from durapy_core.errors import DeployError
from durapy_core.exit_codes import ExitCode
from durapy_core.login_code import publish_address
from tests.support.cli import Cli


class Restarts:
    """Takes note of what is restarted; `camera` never comes back."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def restart(self, name: str) -> None:
        if name == "camera":
            raise DeployError("camera did not come back")
        self.names.append(name)


@contextmanager
def served(cli: Cli) -> Iterator[Restarts]:
    restarts, stop = Restarts(), threading.Event()
    with cli.open_engine() as engine:
        thread = threading.Thread(target=operations.serve, args=(engine, restarts, stop))
        thread.start()
        while not operations.is_served(engine):
            threading.Event().wait(0.02)
        yield restarts
        stop.set()
        thread.join()


def test_restart_waits_for_the_outcome_and_prints_it(cli: Cli) -> None:
    with served(cli) as restarts:
        result = cli("restart", "reward")

    assert (result.code, restarts.names) == (0, ["reward"])
    assert result.out.splitlines()[-1] == "reward was restarted"


def test_a_restart_that_failed_says_why(cli: Cli) -> None:
    with served(cli):
        result = cli("restart", "camera")

    assert result.code == ExitCode.DEPLOY
    assert result.err == "durapy: camera did not come back\n"


def test_the_outcome_as_json_says_who_asked(cli: Cli) -> None:
    with served(cli):
        outcome = json.loads(cli("restart", "reward", "--json").out)

    assert (outcome["state"], outcome["by"]) == ("done", "cli:ada")


def test_restart_where_nobody_can_says_so(cli: Cli) -> None:
    result = cli("restart", "reward")

    assert result.code == ExitCode.DEPLOY
    assert "Nobody here can restart reward" in result.err


def test_link_prints_an_address_with_a_fresh_code(cli: Cli) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 (nothing listens)
    first, second = cli("link", port="8123").out, cli("link", host=everywhere, port="8123").out

    assert first.startswith("http://127.0.0.1:8123/login?code=")
    assert second.startswith("http://127.0.0.1:8123/login?code=")
    assert first.partition("=")[2] != second.partition("=")[2]


def test_a_link_to_an_ipv6_address_has_brackets(cli: Cli) -> None:
    assert cli("link", host="::1").out.startswith("http://[::1]:8080/")


def test_a_link_names_the_address_that_the_console_published(cli: Cli) -> None:
    with cli.open_engine() as engine:
        publish_address(engine, "http://127.0.0.1:41234")

    assert cli("link", port="8123").out.startswith("http://127.0.0.1:41234/login?code=")
