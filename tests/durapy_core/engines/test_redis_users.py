"""The users of a rig's own Redis: each may do what its process does, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from durapy_core.catalog import Role
from durapy_core.engines import EngineOptions, open_engine
from durapy_core.engines.base import COMMANDS, LOGS, OPERATIONS, RECEIPTS, SAFETY, Progress
from durapy_core.engines.redis_server import RefusedError
from durapy_core.engines.redis_users import (
    ADMIN,
    CONSOLE,
    DEPLOYER,
    SERVICE,
    render_users,
    tell_users,
)
from durapy_core.entry import START, Cursor, NewEntry
from durapy_core.errors import EngineError, EngineUnavailableError
from durapy_core.forget import forget
from durapy_core.login_code import mint, redeem
from durapy_core.receipt import Outcome, Receipt
from durapy_core.settings import Settings
from durapy_core.store import open_store
from durapy_core.testing.lead_contract import take
from services.commands import EndSessionCommand, InitiateSessionCommand, PongCommand
from tests.support.checkout import ROOT
from tests.support.console import beat, publish, run_console
from tests.support.deployed import deploying
from tests.support.redis_server import RedisServer
from tests.support.redis_users import PASSWORDS, RedisWithUsers
from tests.support.service_process import Shared
from tests.support.waiting import wait_for

pytestmark = pytest.mark.redis

SAYS = (
    "no permissions|No permissions|not allowed|can't run this command|requires? authentication|"
    "Authentication required|already authenticated|invalid username-password|can't access"
)
"""In which words Redis refuses something to a user, or everything to a stranger."""

RIG = "durapy:{durapy}:"
NOBODY = "nobody"

RECEIPT = Receipt(key="1-1", service="valve", outcome=Outcome.DONE).to_entry()

REFUSED: dict[str, list[str]] = {
    NOBODY: [
        *("PING", f"XADD {RIG}commands * type PING body {{}}", f"XRANGE {RIG}commands - +"),
        *("INFO", "CLIENT ID", "EVAL return(1) 0", "ACL WHOAMI", "AUTH default x"),
    ],
    SERVICE: [
        f"XADD {RIG}operations * type REQUEST body {{}}",
        f"XADD {RIG}sign_ins * type REDEEMED body {{}}",
        f"HSET {RIG}table:login_codes a b",
        f"HSET {RIG}table:operators a b",
        f"HSET {RIG}table:deployment a b",
        f"SET {RIG}sent:operations:x 1-1",
        f"XTRIM {RIG}commands MAXLEN 0",
        f"EVAL redis.call('XTRIM',KEYS[1],'MAXLEN',0) 1 {RIG}commands",
    ],
    CONSOLE: [],
    DEPLOYER: [
        f"XADD {RIG}commands * type PING body {{}}",
        f"XADD {RIG}receipts * type DONE body {{}}",
        f"XADD {RIG}safety * type SAFE_STATE body {{}}",
        f"HSET {RIG}table:login_codes a b",
        f"HSET {RIG}progress:ponger cursor 0-0",
        f"HSET {RIG}lease:ponger token x",
        f"XTRIM {RIG}operations MAXLEN 0",
    ],
}
OF_ALL = [
    *("FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "SWAPDB 0 1"),
    *(
        "CONFIG GET *",
        "CONFIG SET maxmemory 1",
        "CONFIG REWRITE",
        "SHUTDOWN NOSAVE",
        "LATENCY LATEST",
    ),
    *("ACL LIST", "ACL SETUSER service +@all", "ACL GETUSER admin", "ACL LOAD", "MODULE LIST"),
    *("CLIENT LIST", "CLIENT PAUSE 1000", "CLIENT NO-EVICT on", "MONITOR", "SLOWLOG GET"),
    *("SAVE", "BGSAVE", "BGREWRITEAOF", "REPLICAOF NO ONE", "SCRIPT FLUSH", "FUNCTION FLUSH"),
    *(f"DEL {RIG}commands", f"UNLINK {RIG}commands", f"XDEL {RIG}commands 1-1"),
    *(f"SET {RIG}commands x", f"RENAME {RIG}commands y", f"EXPIRE {RIG}commands 1"),
    *(f"EVAL redis.call('DEL',KEYS[1]) 1 {RIG}commands", f"XSETID {RIG}commands 9-9"),
    *("XADD durapy:{other}:commands * type PING body {}", "XRANGE durapy:{other}:commands - +"),
    *("GET elsewhere", "SUBSCRIBE x", "PUBLISH x y"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisWithUsers]:
    with RedisWithUsers("durapy") as server:
        yield server


@pytest.fixture
def fresh() -> Iterator[RedisWithUsers]:
    """A server of the test's own: it may be killed, and what it refused is counted."""
    with RedisWithUsers("durapy") as server:
        yield server


@pytest.mark.parametrize(
    ("user", "request_"),
    [
        *((user, line) for user, lines in REFUSED.items() for line in lines),
        *((user, line) for user in (SERVICE, CONSOLE, DEPLOYER, NOBODY) for line in OF_ALL),
    ],
)
def test_what_a_user_has_no_need_of_is_refused(
    server: RedisWithUsers, user: str, request_: str
) -> None:
    server.client().xadd(f"{RIG}commands", {"type": "PING", "body": "{}"}, id="*")

    with pytest.raises((ResponseError, AuthenticationError), match=SAYS):
        server.client(user).execute_command(*request_.split())

    assert server.client().xlen(f"{RIG}commands")


def test_a_refused_request_is_one_line_that_says_where_to_look(server: RedisWithUsers) -> None:
    with (
        open_engine(server.url(SERVICE), EngineOptions()) as engine,
        pytest.raises(EngineError) as caught,
    ):
        engine.append(OPERATIONS, NewEntry(type="REQUEST", body="{}"))

    said = str(caught.value)
    assert "\n" not in said
    assert " refused: " in said
    assert "docs/reference.md lists what a user needs" in said
    assert PASSWORDS[SERVICE] not in said


def test_what_was_written_is_there_when_redis_starts_again(fresh: RedisWithUsers) -> None:
    with open_engine(fresh.url(SERVICE), EngineOptions()) as engine:
        lead = take(engine)
        stored = engine.append_many(COMMANDS, [NewEntry(type="PING", body="{}")] * 3)
        progress = Progress(service="valve", cursor=Cursor(stored[1].key), receipts=(RECEIPT,))
        lead.commit(progress)
        engine.set_safe_state(NewEntry(type="SAFE_STATE", body="{}"), engaged=True)

        fresh.kill()
        fresh.start()

        assert engine.read(COMMANDS, after=START)[:3] == stored
        assert engine.load_progress("valve") == replace(progress, receipts=())
        assert len(engine.page(RECEIPTS)) == 1
        assert engine.safe_state().engaged
        lead.renew()
        lead.close()


def test_whichever_service_finds_that_a_log_lost_its_end_mends_it(server: RedisWithUsers) -> None:
    with open_engine(server.url(SERVICE), EngineOptions()) as engine:
        assert engine.mend(COMMANDS, seen=Cursor("99999999999999-0"))


def test_a_session_with_its_deaths_asks_for_nothing_that_a_service_may_not(
    fresh: RedisWithUsers, tmp_path: Path
) -> None:
    shared = Shared(fresh.url(CONSOLE), tmp_path, "durapy")
    environment = {"DURAPY_ENGINE": fresh.url(SERVICE), "DURAPY_PING_PERIOD_S": "0.05"}
    with (
        shared.engine as engine,
        shared.start("pinger", ROOT / "services", **environment),
        shared.start("ponger", ROOT / "services", **environment) as ponger,
    ):
        shared.send(InitiateSessionCommand())
        wait_for(lambda: len(shared.entries(PongCommand)) > 3, "pongs")
        engine.set_safe_state(NewEntry(type="SAFE_STATE", body="{}"), engaged=True)
        engine.set_safe_state(NewEntry(type="CLEAR_SAFE_STATE", body="{}"), engaged=False)
        ponger.freeze()
        with shared.start("ponger", ROOT / "services", **environment) as other:
            ponger.thaw()  # what it has under way goes over connections that were ended
            before = len(shared.entries(PongCommand))
            wait_for(lambda: len(shared.entries(PongCommand)) > before, "pongs of the other one")
            refused = fresh.refusals()
            fresh.kill()
            fresh.start()
            before = len(shared.entries(PongCommand))
            wait_for(lambda: len(shared.entries(PongCommand)) > before, "pongs once Redis is back")
            shared.send(EndSessionCommand())
            other.terminate()
            assert other.exit_code() == 0

    assert refused + fresh.refusals() == []


def test_the_console_with_all_its_parts_asks_for_nothing_that_it_may_not(
    fresh: RedisWithUsers, tmp_path: Path
) -> None:
    with (
        open_engine(fresh.url(CONSOLE), EngineOptions()) as engine,
        run_console(engine, tmp_path) as console,
        console.connect() as socket,
    ):
        socket.hello("command", "operation", "receipt", "safety", "log", "services")
        engine.append_many(COMMANDS, [NewEntry(type="X", body="{}")] * 9)
        for call in ("safe-state", "safe-state/clear"):
            assert console.api("POST", call, headers={"Idempotency-Key": call}).ok
        for page in ("services", "types", "commands", "receipts", "logs", "operations"):
            assert console.api("GET", page).status_code in (200, 404)
        assert redeem(engine, mint(engine))
        publish(engine, "gone", Role.HANDLES)
        forget(engine, "gone")
        for log in (COMMANDS, OPERATIONS, RECEIPTS, LOGS, SAFETY):
            engine.trim(log, keep=1)
            assert len(engine.page(log)) <= 1

    assert fresh.refusals() == []


def test_a_deployer_hears_and_answers_and_asks_for_nothing_that_it_may_not(
    fresh: RedisWithUsers, tmp_path: Path
) -> None:
    with (
        open_engine(fresh.url(CONSOLE), EngineOptions()) as asking,
        open_engine(fresh.url(DEPLOYER), EngineOptions()) as engine,
    ):
        lead = engine.lead("deployer", lease_s=60)
        assert lead is not None
        lead.renew()
        engine.put("status", "deployer/1", "{}")
        engine.remove("status", "deployer/1")
        engine.append_many("logs", [NewEntry(type="INFO", body="{}")] * 2)
        beat(asking, "ponger")
        with deploying(engine), run_console(asking, tmp_path) as console:
            key = console.api("POST", "services/ponger/restart").json()["operation"]
            wait_for(
                lambda: console.api("GET", f"operations/{key}").json()["state"] == "done",
                "the outcome",
            )
        lead.release(None)

    assert fresh.refusals() == []


def test_a_redis_that_runs_is_told_of_other_rights_and_ends_no_connection(
    fresh: RedisWithUsers,
) -> None:
    client = fresh.client(SERVICE)
    before = client.client_id()

    tell_users(fresh.url(ADMIN), PASSWORDS[ADMIN], render_users("other", PASSWORDS))

    client.xadd("durapy:{other}:commands", {"type": "PING", "body": "{}"})
    with pytest.raises(NoPermissionError):
        client.xadd(f"{RIG}commands", {"type": "PING", "body": "{}"})
    assert client.client_id() == before


def test_a_redis_without_these_users_or_none_at_all_is_told_apart(
    redis_server: RedisServer,
) -> None:
    users = render_users("durapy", PASSWORDS)

    with pytest.raises(RefusedError):
        tell_users(f"unix://admin@{redis_server.socket_path}", "wrong", users)
    with pytest.raises(EngineUnavailableError):
        tell_users("unix://admin@/nowhere/redis.sock", "wrong", users)


def test_a_password_in_a_file_is_the_users(server: RedisWithUsers, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORDS[SERVICE]}\n", encoding="ascii")
    settings: dict[str, Any] = {
        "engine": f"unix://service@{server.socket_path}",
        "engine_password_file": file,
    }

    with open_store(Settings(**settings)) as engine:
        assert engine.append(COMMANDS, NewEntry(type="PING", body="{}")).key
