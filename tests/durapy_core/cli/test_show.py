import json
from datetime import UTC, datetime, timedelta

from durapy_core.engines.base import STATUS
from durapy_core.exit_codes import ExitCode
from durapy_core.status import ServiceState, ServiceStatus
from tests.support.cli import Cli


def put_status(
    cli: Cli,
    state: ServiceState,
    *,
    service: str = "reward",
    fault: str | None = None,
    ahead_s: float = 0.0,
) -> None:
    """Put a status as one tells it whose computer's clock is so far ahead of the store's."""
    status = ServiceStatus(
        service=service,
        replica="host-1-abc",
        host="host",
        pid=1234,
        revision="abc1234-dirty",
        state=state,
        started_at=datetime.now(UTC) + timedelta(seconds=ahead_s - 90),
        clock_offset_s=-ahead_s,
        handled=3,
        fault=fault,
        lag_s=0.0004,
    )
    with cli.open_engine() as engine:
        engine.put(STATUS, f"{service}/host-1-abc", status.model_dump_json())


def test_ps_shows_a_service_that_is_up(cli: Cli) -> None:
    put_status(cli, ServiceState.IDLE)

    result = cli("ps")

    heading, row = result.out.splitlines()
    assert heading.startswith("SERVICE  STATE")
    assert row.startswith("reward   idle")
    assert "0.4 ms" in row
    assert "abc1234-dirty" in row


def test_ps_shows_how_far_clocks_are_apart_and_tells_times_by_the_stores(cli: Cli) -> None:
    put_status(cli, ServiceState.IDLE)
    put_status(cli, ServiceState.IDLE, service="valve", ahead_s=3600)

    near, far = cli("ps").out.splitlines()[1:]

    assert "+0.0 ms" in near
    assert "+3600000.0 ms" in far
    assert "90." in near
    assert "90." in far


def test_ps_says_down_of_a_service_that_has_stopped(cli: Cli) -> None:
    put_status(cli, ServiceState.STOPPED)

    assert "down (heard" in cli("ps").out
    assert json.loads(cli("ps", "--json").out)[0]["up"] is False


def test_ps_shows_a_standby_and_a_fault(cli: Cli) -> None:
    put_status(cli, ServiceState.STANDBY)
    put_status(cli, ServiceState.IN_SESSION, service="valve", fault="no controller")

    _, standby, valve = cli("ps").out.splitlines()
    assert "standby" in standby
    assert "in session, fault: no controller" in valve


def test_ps_on_a_new_rig_says_what_to_start(cli: Cli) -> None:
    assert "scripts/up" in cli("ps").out


def test_types_lists_every_command_with_its_services(cli: Cli) -> None:
    put_status(cli, ServiceState.IDLE)

    lines = cli("types").out.splitlines()

    assert [line.split()[0] for line in lines] == ["TYPE", "REWARD", "SAY"]
    assert lines[1].rstrip().endswith("reward")
    assert "volume_ml, times, note" in lines[1]


def test_types_marks_services_that_are_down(cli: Cli) -> None:
    assert "reward (down)" in cli("types").out


def test_one_type_is_shown_with_its_fields(cli: Cli) -> None:
    out = cli("types", "REWARD").out

    assert "Open the reward valve." in out
    volume = next(line for line in out.splitlines() if line.startswith("volume_ml"))
    assert "number" in volume
    assert "Volume of one drop; > 0; ≤ 1" in volume


def test_a_field_without_default_is_marked_as_required(cli: Cli) -> None:
    assert "(required)" in cli("types", "SAY").out


def test_types_as_json_has_the_schema(cli: Cli) -> None:
    document = json.loads(cli("types", "REWARD", "--json").out)

    assert document["schema"]["properties"]["times"]["type"] == "integer"
    assert document["actuates"] is True
    assert len(json.loads(cli("types", "--json").out)) == 2


def test_an_unknown_type_is_refused_with_a_near_name(cli: Cli) -> None:
    result = cli("types", "SAYS")

    assert result.code == ExitCode.COMMAND
    assert 'did you mean "SAY"' in result.err


def test_version_says_which_code_this_is(cli: Cli) -> None:
    assert cli("version", revision="abc1234").out == "durapy 0.1.0 (abc1234)\n"
    assert json.loads(cli("version", "--json", revision="x").out) == {
        "version": "0.1.0",
        "revision": "x",
    }
