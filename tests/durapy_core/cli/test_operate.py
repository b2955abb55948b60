import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from durapy_core import operations
from durapy_core.errors import DeployError
from durapy_core.exit_codes import ExitCode
from durapy_core.login_code import publish_address
from tests.support.cli import Cli
from tests.support.deployed import LINES, HeldRollouts, deploying
from tests.support.waiting import wait_for


class Restarts:
    """Takes note of what is restarted; `camera` never comes back."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def restart(self, name: str) -> None:
        if name == "camera":
            raise DeployError("camera did not come back")
        self.names.append(name)

    def start(self, name: str) -> None:
        self.names.append(f"start {name}")

    def stop(self, name: str) -> None:
        self.names.append(f"stop {name}")


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


@contextmanager
def deployer(cli: Cli) -> Iterator[HeldRollouts]:
    with cli.open_engine() as engine, deploying(engine) as manager:
        manager.built.set()
        yield manager


def test_a_rollout_prints_its_steps_and_its_build_and_how_it_ended(cli: Cli) -> None:
    with deployer(cli) as manager:
        result = cli("rollout", "camera", "exp/kalman-v2")

    lines = result.out.splitlines()
    assert result.code == 0
    assert LINES[0] in lines
    assert lines[-1] == "camera runs ccccccc"
    assert manager.asked == [("camera", "exp/kalman-v2")]


def test_a_rollout_that_failed_says_why_and_what_the_new_one_said(cli: Cli) -> None:
    with deployer(cli) as manager:
        manager.fate = "ends"
        result = cli("rollout", "camera")

    assert result.code == ExitCode.DEPLOY
    assert "No module named 'numpy'" in result.out
    assert result.err.startswith("durapy: the new camera ended with exit code 3; ")


def test_a_rollout_takes_the_files_on_disk_and_every_service(cli: Cli) -> None:
    with deployer(cli) as manager:
        cli("rollout", "camera", "--dirty")
        cli("rollout", "--all", "v2")
        nothing = cli("rollout")

    assert manager.asked == [("camera", "@working-tree"), ("camera", "c" * 40)]
    assert nothing.code == ExitCode.USAGE


def test_a_rollback_a_stop_and_a_start_are_asked_for(cli: Cli) -> None:
    with deployer(cli) as manager:
        codes = [cli(verb, "camera").code for verb in ("rollback", "stop", "start")]

    assert codes == [0, 0, 0]
    assert manager.asked == [("camera", "b" * 40), ("stop", "camera"), ("start", "camera")]


def test_revisions_show_what_runs_what_could_and_what_is_missing(cli: Cli) -> None:
    with deployer(cli):
        wait_for(lambda: cli("revisions").code == 0, "the deployer's first look")
        shown, of_one = cli("revisions").out, cli("revisions", "ponger", "--json").out
        unknown = cli("revisions", "nobody")

    assert "not deployed: reward; start it with `docker compose up -d --build reward`" in shown
    assert "left over: oldcam" in shown
    assert "The checkout is on main, with changes on disk." in shown
    assert "exp/kalman-v2" in shown
    assert [s["service"] for s in json.loads(of_one)["services"]] == ["ponger"]
    assert "nobody" in unknown.err


def test_revisions_where_no_deployer_runs_say_so(cli: Cli) -> None:
    assert "no deployer is running" in cli("revisions").err
