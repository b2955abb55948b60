"""What the janitor removes, what it leaves, and what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from durapy_core.catalog import PublishedCatalog
from durapy_core.engines import Engine, EngineOptions, open_engine
from durapy_core.engines.base import (
    CATALOG,
    COMMANDS,
    LEASES,
    LOGS,
    OPERATIONS,
    RECEIPTS,
    SAFETY,
    STATUS,
    Progress,
)
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.forget import forget
from durapy_core.janitor import JANITOR, Janitor
from durapy_core.login_code import SIGN_INS
from durapy_core.readers import remove_old_statuses
from durapy_core.retention import DAY_S, Keep, keep_of
from durapy_core.settings import Settings
from durapy_core.status import ServiceState, ServiceStatus
from tests.support.fickle_engine import FickleEngine
from tests.support.log_lines import logged
from tests.support.redis_server import RedisServer
from tests.support.statuses import status_of
from tests.support.waiting import wait_for

LIMIT_S = 20


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/rig.db"
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        url = server.unix_url
    with open_engine(url, EngineOptions(namespace=tmp_path.name)) as opened:
        yield opened


def settings(**given: float) -> Settings:
    return Settings.model_validate(given)


def fill(engine: Engine, total: int, log: str = COMMANDS) -> list[Entry]:
    return engine.append_many(log, [NewEntry(type="PING", body="{}")] * total)


def count(engine: Engine, log: str = COMMANDS) -> int:
    return len(engine.page(log, limit=10_000))


def status(service: str, replica: str, state: ServiceState = ServiceState.IDLE) -> ServiceStatus:
    return status_of(service, replica=replica, state=state)


def put(engine: Engine, said: ServiceStatus) -> None:
    engine.put(STATUS, f"{said.service}/{said.replica}", said.model_dump_json())


def be_at(engine: Engine, service: str, cursor: str) -> None:
    """Put a service into the store that has read up to a cursor and was just heard."""
    put(engine, status(service, "one"))
    catalog = PublishedCatalog(service=service, types=())
    engine.put(CATALOG, service, catalog.model_dump_json())
    engine.commit(Progress(service=service, cursor=Cursor(cursor)))


def test_each_log_is_kept_as_its_settings_say() -> None:
    kept = keep_of(settings(keep_commands=5, keep_commands_days=2, keep_logs=0, keep_safety=0))

    assert kept[COMMANDS] == Keep(count=5, age_s=2 * DAY_S)
    assert LOGS not in kept
    assert SAFETY not in kept
    assert kept[RECEIPTS] == Keep(count=1_000_000)


def test_logs_are_trimmed_and_the_console_says_how_much_once(engine: Engine) -> None:
    for log in (COMMANDS, RECEIPTS, OPERATIONS, SAFETY):
        fill(engine, 10, log)
    limits = settings(keep_commands=3, keep_receipts=4, keep_operations=5, keep_safety=6)
    janitor = Janitor(engine, limits)

    with logged() as lines:
        assert janitor.work()
        assert janitor.work()

    assert [count(engine, log) for log in (COMMANDS, RECEIPTS, OPERATIONS, SAFETY)] == [3, 4, 5, 6]
    said = [line for line in lines if line["level"].name == "INFO"]
    assert [(line["extra"]["log"], line["extra"]["count"]) for line in said] == [
        (COMMANDS, 7),
        (RECEIPTS, 6),
        (OPERATIONS, 5),
        (SAFETY, 4),
    ]
    janitor.close()


def test_logs_that_only_the_rig_itself_needs_are_bounded_without_a_setting() -> None:
    kept = keep_of(settings(keep_commands=0, keep_receipts=0))

    assert kept[LEASES].count == 1_000
    assert kept[SIGN_INS].age_s == DAY_S


def test_what_a_service_has_still_to_read_stays(engine: Engine) -> None:
    stored = fill(engine, 10)
    be_at(engine, "quick", stored[8].key)
    be_at(engine, "slow", stored[1].key)
    janitor = Janitor(engine, settings(keep_commands=3))

    janitor.work()
    held = count(engine)
    be_at(engine, "slow", stored[5].key)
    janitor.work()

    assert (held, count(engine)) == (8, 4)
    janitor.close()


def test_a_service_that_has_read_nothing_yet_holds_everything(engine: Engine) -> None:
    fill(engine, 10)
    be_at(engine, "fresh", START)
    janitor = Janitor(engine, settings(keep_commands=3))

    janitor.work()

    assert count(engine) == 10
    janitor.close()


def test_a_service_not_seen_for_long_holds_no_more_and_is_named_once(engine: Engine) -> None:
    stored = fill(engine, 10)
    be_at(engine, "gone", stored[1].key)
    janitor = Janitor(engine, settings(keep_commands=3, keep_cursor_days=0.05 / DAY_S))
    wait_for(lambda: engine.table(CATALOG)["gone"].age_s > 0.1, "its age", limit_s=LIMIT_S)

    with logged() as lines:
        janitor.work()
        janitor.work()

    assert count(engine) == 3
    warned = [line for line in lines if line["level"].name == "WARNING"]
    assert [line["extra"]["target"] for line in warned] == ["gone"]
    assert "`durapy forget gone`" in warned[0]["message"]
    janitor.close()


def test_without_a_limit_a_service_that_is_gone_holds_for_ever(engine: Engine) -> None:
    stored = fill(engine, 10)
    be_at(engine, "gone", stored[1].key)
    janitor = Janitor(engine, settings(keep_commands=3, keep_cursor_days=0))

    janitor.work()

    assert count(engine) == 8
    janitor.close()


def test_a_clock_that_was_set_forward_makes_nothing_old(engine: Engine) -> None:
    stored = fill(engine, 10)
    be_at(engine, "gone", stored[1].key)
    own_s = [0.0]
    limits = settings(keep_commands=3, keep_receipts_days=0.05 / DAY_S, keep_cursor_days=1)
    janitor = Janitor(engine, limits, own_s=lambda: own_s[0])
    janitor.work()
    held = count(engine)
    fill(engine, 3, RECEIPTS)
    young_s = engine.now_s()
    wait_for(lambda: engine.now_s() > young_s + 0.1, "receipts to be old", limit_s=LIMIT_S)

    own_s[0] -= 7200  # as seen from here the store's clock has gone on by two hours more
    with logged() as lines:
        janitor.work()
        janitor.work()
    kept = count(engine, RECEIPTS)
    own_s[0] += 7200
    janitor.work()

    assert (held, kept, count(engine, RECEIPTS)) == (8, 3, 0)
    errors = [line["message"] for line in lines if line["level"].name == "ERROR"]
    assert len(errors) == 1
    assert errors[0].startswith("the store's clock was set forward by 7200 s")
    janitor.close()


def test_a_clock_that_was_set_forward_lets_no_service_go(engine: Engine) -> None:
    stored = fill(engine, 10)
    be_at(engine, "gone", stored[1].key)
    own_s = [0.0]
    limits = settings(keep_commands=20, keep_cursor_days=0.05 / DAY_S)
    janitor = Janitor(engine, limits, own_s=lambda: own_s[0])
    janitor.work()
    fill(engine, 17)
    wait_for(lambda: engine.table(CATALOG)["gone"].age_s > 0.1, "its age", limit_s=LIMIT_S)

    own_s[0] -= 7200
    janitor.work()
    held = count(engine)
    own_s[0] += 7200
    janitor.work()

    assert (held, count(engine)) == (25, 20)
    janitor.close()


def test_a_forgotten_service_holds_nothing(engine: Engine) -> None:
    stored = fill(engine, 10)
    be_at(engine, "gone", stored[1].key)
    put(engine, status("gone", "one", ServiceState.STOPPED))
    janitor = Janitor(engine, settings(keep_commands=3))

    forget(engine, "gone")
    janitor.work()

    assert count(engine) == 3
    janitor.close()


def test_of_two_consoles_one_trims_and_the_other_takes_over_when_it_ends(engine: Engine) -> None:
    one, other = (Janitor(engine, settings(keep_commands=3)) for _ in range(2))

    first = (one.work(), other.work(), one.work())
    one.close()

    assert (first, other.work()) == ((True, False, True), True)
    other.close()


def test_a_janitor_that_lost_its_lease_stands_back() -> None:
    with FickleEngine() as engine:
        late = Janitor(engine, settings(), every_s=0.001)
        late.work()
        heir = None
        while heir is None:
            heir = engine.lead(JANITOR, lease_s=60)

        assert not late.work()
        assert not late.work()


def test_it_works_at_once_and_again_and_again_and_gives_its_lease_up_at_the_end() -> None:
    with FickleEngine() as engine:
        with Janitor(engine, settings(keep_commands=3), every_s=0.01):
            for _ in range(2):
                fill(engine, 10)
                wait_for(lambda: count(engine) == 3, "the log to be short", limit_s=LIMIT_S)
            engine.away = True
            assert engine.refused.wait(LIMIT_S)
            engine.away = False
            fill(engine, 10)
            wait_for(lambda: count(engine) == 3, "the log to be short", limit_s=LIMIT_S)

        assert engine.lead(JANITOR, lease_s=60) is not None


@pytest.mark.redis
def test_a_user_who_may_not_delete_is_said_once(redis_server: RedisServer) -> None:
    rights = "~durapy:* -@all +ping +time +info +client +select +multi +exec +eval +evalsha"
    rights += " +xadd +xread +xrange +xrevrange +xlen +hset +hincrby +hget +hmget +hgetall +hdel"
    redis_server.client().execute_command("ACL", "SETUSER", "meek", "on", ">pw", *rights.split())
    url = redis_server.unix_url.replace("unix://", "unix://meek:pw@")
    with open_engine(url, EngineOptions(namespace="meek")) as engine:
        fill(engine, 10)
        janitor = Janitor(engine, settings(keep_commands=3))

        with logged() as lines:
            janitor.work()
            janitor.work()

        errors = [line["message"] for line in lines if line["level"].name == "ERROR"]
        assert len(errors) == 1
        assert errors[0].startswith("the janitor cannot look after commands:")
        assert count(engine) == 10
        janitor.close()


@pytest.mark.redis
def test_a_history_that_somebody_else_emptied_is_reported(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    with open_engine(redis_server.unix_url, EngineOptions(namespace=tmp_path.name)) as engine:
        stored = fill(engine, 10)
        first = Janitor(engine, settings(keep_commands=8))
        with logged() as before:
            first.work()
            first.work()
        first.close()
        stream = f"durapy:{{{tmp_path.name}}}:commands"
        redis_server.client().xadd(
            stream, {"type": "PING", "body": "{}"}, maxlen=1, approximate=False
        )

        second = Janitor(engine, settings(keep_commands=8))
        with logged() as after:
            second.work()
            second.work()
        second.close()

    assert [line for line in before if line["level"].name == "ERROR"] == []
    (error,) = [line for line in after if line["level"].name == "ERROR"]
    assert error["message"].startswith("the beginning of the log commands is gone")
    assert error["extra"]["began_at"] == stored[2].key


def test_statuses_of_replicas_that_are_gone_are_removed_but_the_last_one() -> None:
    with FickleEngine() as engine:
        put(engine, status("valve", "first", ServiceState.STOPPED))
        put(engine, status("valve", "second", ServiceState.STOPPED))
        put(engine, status("valve", "third", ServiceState.STOPPED))
        put(engine, status("camera", "leads"))
        put(engine, status("camera", "stands-by", ServiceState.STANDBY))
        engine.put(STATUS, "odd/row", "what is this")

        remove_old_statuses(engine, after_s=0)

        assert set(engine.table(STATUS)) == {"valve/third", "camera/leads", "camera/stands-by"}
