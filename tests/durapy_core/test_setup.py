"""What the container `setup` makes before the others start; on the real Redis that reads it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis import Redis
from redis.exceptions import AuthenticationError

from durapy_core.exit_codes import ExitCode
from durapy_core.settings import Settings
from durapy_core.setup import NO_PASSWORD_FILE, PASSWORD_FILE, USERS_FILE, VOLUMES, set_up
from durapy_core.store import find_password
from tests.support.redis_server import RedisServer

OURS = [replace(volume, uid=os.getuid(), gid=os.getgid()) for volume in VOLUMES]
"""The volumes, as they are if one ordinary user is everybody."""

NOWHERE = Settings(engine="unix://admin@/nowhere/redis.sock")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Empty volumes, as Docker makes them."""
    for volume in VOLUMES:
        (tmp_path / volume.folder).mkdir()
    return tmp_path


def made(root: Path) -> dict[str, tuple[str, int]]:
    """Return what the volumes hold: each file's text, and when it was written."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(f.relative_to(root)): (f.read_text(), f.stat().st_mtime_ns) for f in files}


def test_every_container_finds_a_password_of_its_own_and_only_redis_the_users(root: Path) -> None:
    set_up(root, NOWHERE, volumes=OURS)

    files = made(root)
    passwords = [files[f"{v.folder}/{PASSWORD_FILE}"][0].strip() for v in OURS if v.user]
    assert len({*passwords}) == 4
    assert min(map(len, passwords)) >= 43
    users = files[f"redis-secrets/{USERS_FILE}"][0]
    assert not any(password in users for password in passwords)
    assert [name for name in files if name.endswith(".acl")] == [f"redis-secrets/{USERS_FILE}"]
    assert {name for name in files if "-data/" in name} == set()


def test_only_services_may_run_as_anybody(root: Path) -> None:
    set_up(root, NOWHERE, volumes=OURS)

    modes = {
        volume.folder: oct((root / volume.folder / PASSWORD_FILE).stat().st_mode & 0o777)
        for volume in OURS
        if volume.user
    }
    closed = {v.folder for v in OURS if (root / v.folder).stat().st_mode & 0o777 == 0o700}
    assert modes.pop("service-secrets") == "0o444"
    assert set(modes.values()) == {"0o400"}
    assert closed == {v.folder for v in OURS} - {"service-secrets"}


def test_what_is_there_stays(root: Path) -> None:
    set_up(root, NOWHERE, volumes=OURS)
    before = made(root)

    set_up(root, NOWHERE, volumes=OURS)

    assert made(root) == before


def test_a_password_that_is_gone_is_made_anew_and_the_others_stay(root: Path) -> None:
    set_up(root, NOWHERE, volumes=OURS)
    before = made(root)
    (root / "service-secrets" / PASSWORD_FILE).unlink()

    set_up(root, NOWHERE, volumes=OURS)

    after = made(root)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {f"service-secrets/{PASSWORD_FILE}", f"redis-secrets/{USERS_FILE}"}


def test_the_owner_of_a_folder_is_given_what_is_in_it_and_nothing_a_link_names(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if os.getuid():
        pytest.skip("only root gives files away")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "file"
    elsewhere.touch()
    (root / "webserver-data" / "deep").mkdir()
    (root / "webserver-data" / "deep" / "token").touch()
    (root / "webserver-data" / "link").symlink_to(elsewhere)
    (root / "webserver-data" / "folder").symlink_to(elsewhere.parent)

    set_up(root, NOWHERE)

    assert (root / "webserver-data" / "deep" / "token").stat().st_uid == 10001
    assert (root / "webserver-data").stat().st_uid == 10001
    assert (root / "redis-data").stat().st_uid == 999
    assert elsewhere.stat().st_uid == 0
    assert elsewhere.parent.stat().st_uid == 0


@pytest.fixture
def server(root: Path) -> Iterator[RedisServer]:
    """A Redis that was started with the users, as Compose starts it."""
    set_up(root, NOWHERE, volumes=OURS)
    with RedisServer("--aclfile", str(root / "redis-secrets" / USERS_FILE)) as server:
        yield server


def settings_of(server: RedisServer) -> Settings:
    return Settings(engine=f"unix://admin@{server.socket_path}")


def logged_in(server: RedisServer, root: Path, user: str, folder: str) -> bool:
    password = (root / folder / PASSWORD_FILE).read_text().strip()
    client = Redis(unix_socket_path=str(server.socket_path), username=user, password=password)
    try:
        return bool(client.ping())
    except AuthenticationError:
        return False


@pytest.mark.redis
def test_redis_knows_the_users_and_is_told_of_a_password_that_changed(
    root: Path, server: RedisServer
) -> None:
    assert logged_in(server, root, "service", "service-secrets")
    (root / "service-secrets" / PASSWORD_FILE).unlink()

    set_up(root, settings_of(server), volumes=OURS)

    assert logged_in(server, root, "service", "service-secrets")
    assert logged_in(server, root, "console", "webserver-secrets")
    assert logged_in(server, root, "deployer", "deployer-secrets")


@pytest.mark.redis
def test_a_redis_of_before_that_has_no_users_is_left_alone(
    root: Path, redis_server: RedisServer
) -> None:
    set_up(root, settings_of(redis_server), volumes=OURS)

    assert redis_server.client().ping()
    assert (root / "redis-secrets" / USERS_FILE).exists()


def test_a_volume_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "durapy_core.setup", str(tmp_path / "nowhere")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == ExitCode.SETTINGS
    assert done.stderr.startswith(f"setup: {tmp_path}/nowhere/redis-secrets/")
    assert "cannot be made or changed (No such file or directory)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_password_of_a_store_that_asks_for_none_is_an_empty_file(root: Path) -> None:
    set_up(root, NOWHERE, volumes=OURS)
    empty = root / "service-secrets" / NO_PASSWORD_FILE

    assert find_password(Settings(engine_password_file=empty)) is None
    given = SecretStr("given")
    both = Settings(engine_password_file=empty, engine_password=given)
    assert find_password(both) == given.get_secret_value()
