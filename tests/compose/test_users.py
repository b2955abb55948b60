"""What the one-shot container `setup` leaves, and what each container may do in Redis with it.

The last file of its group: what the whole rig asked for meanwhile is looked at here.
"""

import json
from typing import Any

import pytest

from tests.support.compose import docker
from tests.support.rig import SERVICES, Rig
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]

SECRETS = ("redis-secrets", "service-secrets", "webserver-secrets", "deployer-secrets")


def test_no_part_of_the_rig_has_asked_for_what_it_may_not(rig: Rig) -> None:
    assert rig.redis("ACL", "LOG") == ""


def test_setup_has_ended_well_before_all_others_began(rig: Rig) -> None:
    setup = rig.compose.inspect("setup")["State"]

    assert (setup["Status"], setup["ExitCode"]) == ("exited", 0)
    for service in SERVICES:
        conditions = rig.compose.inspect(service)["Config"]["Labels"][
            "com.docker.compose.depends_on"
        ]
        assert "setup:service_completed_successfully" in conditions


def test_setup_has_the_rights_that_it_needs_and_ends(rig: Rig) -> None:
    setup: dict[str, Any] = rig.compose.inspect("setup")
    host = setup["HostConfig"]

    assert host["RestartPolicy"]["Name"] == "no"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert {cap.removeprefix("CAP_") for cap in host["CapAdd"]} == {
        *("CHOWN", "DAC_OVERRIDE", "FOWNER")
    }
    assert host["NetworkMode"] == "none"
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not any(mount["Type"] == "bind" for mount in setup["Mounts"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_given_its_own_secrets_and_no_other_and_none_shows(
    rig: Rig, service: str
) -> None:
    told = rig.compose.inspect(service)
    named = [m["Name"] for m in told["Mounts"] if m["Type"] == "volume"]
    given = [name for name in named if name.endswith("-secrets")]
    own = service if service in ("redis", "webserver", "deployer") else "service"

    assert given == [f"{rig.compose.name}_{own}-secrets"]
    assert [m["RW"] for m in told["Mounts"] if m.get("Name") in given] == [False]
    password = rig.exec(service, "cat /run/secrets/password").strip()
    assert len(password) >= 43
    assert password not in json.dumps(told)
    assert password not in rig.compose.logs()


@pytest.mark.parametrize(
    ("service", "arguments"),
    [
        ("ponger", ("restart", "pinger")),
        ("ponger", ("link",)),
        ("deployer", ("send", "PING", "key=x")),
    ],
)
def test_what_a_container_may_not_is_refused_in_one_line(
    rig: Rig, service: str, arguments: tuple[str, ...]
) -> None:
    script = f"durapy {' '.join(arguments)} 2>&1 || true"

    said = rig.exec(service, script)

    assert said.count("\n") == 1
    assert " refused: " in said
    assert "docs/reference.md lists what a user needs" in said


def test_who_has_the_socket_and_no_password_may_do_nothing(rig: Rig) -> None:
    command = ("redis-cli", "-s", "/run/redis/redis.sock")

    for words in (("PING",), ("XLEN", "durapy:{durapy}:commands"), ("FLUSHALL",)):
        said = rig.compose.run("exec", "--no-TTY", "redis", *command, *words)
        assert said.startswith("NOAUTH"), words


def test_up_again_starts_nothing_anew_and_keeps_every_password(rig: Rig) -> None:
    began = {name: rig.compose.inspect(name)["State"]["StartedAt"] for name in SERVICES}
    before = {name: rig.exec(name, "cat /run/secrets/password") for name in SERVICES}

    rig.compose.run("up", "--detach", "--wait")

    assert {n: rig.compose.inspect(n)["State"]["StartedAt"] for n in SERVICES} == began
    assert {name: rig.exec(name, "cat /run/secrets/password") for name in SERVICES} == before
    assert "it was told of them" in rig.compose.logs("setup")


def test_a_restart_of_everything_brings_it_back(rig: Rig) -> None:
    rig.compose.run("restart")

    wait_for(lambda: _up(rig) == {"pinger", "ponger", "webserver", "deployer"}, "all services")


def test_a_rig_that_had_no_users_is_given_them_by_up(rig: Rig) -> None:
    """The volumes and the Redis of before: no secrets, and everybody may do everything."""
    record = rig.send("PING", key="of-before")
    rig.compose.run("down")
    docker("volume", "rm", *(f"{rig.compose.name}_{name}" for name in SECRETS))
    (rig.folder / "before.yml").write_text(
        "services:\n  redis:\n    command: redis-server --port 0 --dir /data --appendonly yes"
        ' --save "" --unixsocket /run/redis/redis.sock --unixsocketperm 777\n'
        '    healthcheck: {test: "redis-cli -s /run/redis/redis.sock ping"}\n',
        encoding="utf-8",
    )
    files = ("--file", "docker-compose.yml", "--file", "before.yml")
    rig.compose.run(*files, "up", "--detach", "--wait", "redis")
    open_to_all = rig.compose.run(
        *("exec", "--no-TTY", "redis", "redis-cli", "-s", "/run/redis/redis.sock"),
        *("XLEN", "durapy:{durapy}:commands"),
    )
    (rig.folder / "before.yml").unlink()

    rig.compose.run("up", "--detach", "--wait")

    assert int(open_to_all) > 0
    assert rig.redis("ACL", "WHOAMI") == "admin"
    assert rig.api("GET", f"commands/{record['key']}")["body"] == {"key": "of-before"}
    wait_for(lambda: _up(rig) == {"pinger", "ponger", "webserver", "deployer"}, "all services")
    with rig.session("upgraded") as begun:
        rig.await_pongs(begun["key"], 2)


def _up(rig: Rig) -> set[str]:
    try:
        heard = rig.api("GET", "services")["services"]
    except OSError:  # the console is on its way
        return set()
    return {service["service"] for service in heard if service["up"]}
