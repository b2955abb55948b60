"""`durapy forget`: what goes, and what is refused."""

from durapy_core.engines.base import CATALOG, COMMANDS, STATUS, Progress
from durapy_core.entry import Cursor
from durapy_core.exit_codes import ExitCode
from durapy_core.kept import Kept
from durapy_core.status import ServiceState
from tests.support.cli import Cli
from tests.support.statuses import status_of


def put_status(cli: Cli, state: ServiceState) -> None:
    status = status_of("reward", host="rig3", pid=4711, state=state)
    with cli.open_engine() as engine:
        engine.put(STATUS, "reward/r1", status.model_dump_json())


def keep_progress(cli: Cli, *, in_session: bool = False) -> None:
    begin = cli.append("INITIATE_SESSION")
    kept = Kept(begin=begin if in_session else None)
    with cli.open_engine() as engine:
        progress = Progress(service="reward", cursor=Cursor(begin.key), session=kept.to_text())
        engine.commit(progress)


def test_a_service_that_is_gone_leaves_nothing_but_its_history(cli: Cli) -> None:
    put_status(cli, ServiceState.STOPPED)
    keep_progress(cli)

    result = cli("forget", "reward")

    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("reward is forgotten")
    with cli.open_engine() as engine:
        assert engine.load_progress("reward") is None
        assert "reward" not in engine.table(CATALOG)
        assert dict(engine.table(STATUS)) == {}
        assert len(engine.page(COMMANDS)) == 1


def test_a_service_that_is_up_is_refused(cli: Cli) -> None:
    put_status(cli, ServiceState.IDLE)
    keep_progress(cli)

    result = cli("forget", "reward", "--yes")

    assert result.code == ExitCode.SERVICE
    assert "reward is up (process 4711 on rig3); stop it" in result.err
    with cli.open_engine() as engine:
        assert engine.load_progress("reward") is not None


def test_a_service_whose_lease_has_not_run_out_is_refused(cli: Cli) -> None:
    keep_progress(cli)

    with cli.open_engine() as engine:
        assert engine.lead("reward", lease_s=60) is not None
        result = cli("forget", "reward")

    assert result.code == ExitCode.SERVICE
    assert "Try again in a few seconds" in result.err


def test_an_open_session_is_named_and_needs_a_yes(cli: Cli) -> None:
    keep_progress(cli, in_session=True)

    refused = cli("forget", "reward")
    done = cli("forget", "reward", "--yes")

    assert refused.code == ExitCode.SERVICE
    assert "reward is in the session that INITIATE_SESSION 1 began" in refused.err
    assert done.code == 0
    with cli.open_engine() as engine:
        assert engine.load_progress("reward") is None


def test_a_name_that_nobody_has_is_refused_with_those_there_are(cli: Cli) -> None:
    result = cli("forget", "rewrad")

    assert result.code == ExitCode.DEPLOY
    assert "No service is called 'rewrad'; known: reward." in result.err
