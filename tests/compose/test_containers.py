"""How the containers are made: their rights, their revision, their configuration."""

import subprocess
from typing import Any

import pytest

from tests.support.checkout import ROOT, head
from tests.support.rig import SERVICES, Rig

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]


def test_compose_finds_nothing_to_warn_of(rig: Rig) -> None:
    checked = subprocess.run(
        ["docker", "compose", "config", "--quiet"],
        cwd=rig.folder,
        capture_output=True,
        text=True,
        check=True,
    )

    assert checked.stderr == ""


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_right_that_it_does_not_need(rig: Rig, service: str) -> None:
    host: dict[str, Any] = rig.compose.inspect(service)["HostConfig"]
    inside = rig.exec(
        service, "id -u; touch /probe 2>&1; grep -E 'CapEff|NoNewPrivs' /proc/self/status"
    )

    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] is None
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]
    assert host["PidsLimit"] == 256
    assert (inside.splitlines()[0] == "0") == (service == "deployer")
    assert "Read-only file system" in inside
    assert "CapEff:\t0000000000000000" in inside
    assert "NoNewPrivs:\t1" in inside


def test_only_the_console_has_a_port_and_only_on_this_computer(rig: Rig) -> None:
    ports = {name: rig.compose.inspect(name)["NetworkSettings"]["Ports"] for name in SERVICES}

    published = {name: [b for bs in p.values() for b in bs or []] for name, p in ports.items()}
    assert {name for name, bindings in published.items() if bindings} == {"webserver"}
    assert {binding["HostIp"] for binding in published["webserver"]} == {"127.0.0.1"}


def test_redis_and_the_deployer_have_no_network_at_all(rig: Rig) -> None:
    modes = {name: rig.compose.inspect(name)["HostConfig"]["NetworkMode"] for name in SERVICES}

    assert {name for name, mode in modes.items() if mode == "none"} == {"redis", "deployer"}
    assert rig.redis("CONFIG", "GET", "port").split() == ["port", "0"]


def test_only_the_deployer_holds_the_docker_socket(rig: Rig) -> None:
    mounts = {name: rig.compose.inspect(name)["Mounts"] for name in SERVICES}

    holders = {n for n, ms in mounts.items() if any("docker.sock" in m["Source"] for m in ms)}
    assert holders == {"deployer"}


def test_a_service_cannot_put_another_socket_in_the_place_of_the_store_s(rig: Rig) -> None:
    said = rig.exec("ponger", "rm /run/redis/redis.sock 2>&1 || touch /run/redis/x 2>&1 || true")

    assert said.count("Read-only file system") == 2


def test_every_append_is_kept_as_the_documentation_says(rig: Rig) -> None:
    kept = rig.redis("CONFIG", "GET", "append*").split()

    assert dict(zip(kept[::2], kept[1::2], strict=True))["appendonly"] == "yes"
    assert dict(zip(kept[::2], kept[1::2], strict=True))["appendfsync"] == "everysec"


def test_every_service_shows_the_commit_that_its_image_was_built_from(rig: Rig) -> None:
    commit = head(rig.folder)

    shown = {s["service"]: s["revision"] for s in rig.api("GET", "services")["services"]}

    assert shown == dict.fromkeys(["deployer", "pinger", "ponger", "webserver"], commit)
    assert rig.api("GET", "health")["revision"] == commit


def test_a_page_that_is_edited_on_disk_is_what_the_console_serves(rig: Rig) -> None:
    page = rig.folder / "webserver" / "pages" / "commands" / "page.html"

    page.write_text(page.read_text(encoding="utf-8") + "<!-- edited -->\n", encoding="utf-8")

    inside = rig.exec("webserver", "tail -n 1 /app/webserver/pages/commands/page.html")
    assert inside == "<!-- edited -->\n"


def test_a_running_service_costs_next_to_nothing_when_idle(rig: Rig) -> None:
    test = rig.compose.inspect("ponger")["Config"]["Healthcheck"]["Test"]

    assert test[0] == "CMD-SHELL"
    assert "python" not in test[1]


def test_the_compose_file_has_three_lines_a_service() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    entry = text.split("\n  ponger:\n")[1].split("\n\n")[0]
    assert len(entry.splitlines()) == 2  # and the name above them
