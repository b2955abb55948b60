"""`python -m durapy_core.setup FOLDER`: what the rig's containers must find at their start.

Under Compose it runs in a container of its own, before all others, and ends; they start only if it
ended well. It makes a password for each user of Redis and the file of those users, and gives the
folders of volumes to whoever writes there. What is there stays, so it may run at any time: beside
a rig that runs too, whose Redis is then told of its users.

FOLDER holds a folder for each volume. Each container is given the one with its own secrets only.
"""

import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loguru import logger

from durapy_core import log
from durapy_core.engines.redis_server import RefusedError
from durapy_core.engines.redis_users import (
    ADMIN,
    CONSOLE,
    DEPLOYER,
    SERVICE,
    render_file,
    render_users,
    tell_users,
)
from durapy_core.errors import EngineUnavailableError, SettingsError
from durapy_core.exit_codes import run_quietly
from durapy_core.settings import Settings, load_settings

USERS_FILE: Final = "users.acl"
PASSWORD_FILE: Final = "password"  # noqa: S105 (the name of a file)
NO_PASSWORD_FILE: Final = "no-password"  # noqa: S105 (the name of a file)
"""An empty file: the password of a store that is not ours and asks for none."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of the rig.

    Attributes:
        folder: its folder here.
        uid, gid: who writes there: 10001 is the user of Dockerfile.base, 999:1000 that of Redis'
            image, as docker-compose.yml says.
        user: whose password is kept there; empty for a volume of data.
        mode: of its password; others may read one only where a service may run as anybody.
    """

    folder: str
    uid: int
    gid: int
    user: str = ""
    mode: int = 0o400


VOLUMES: Final = (
    Volume("redis-data", 999, 1000),
    Volume("webserver-data", 10001, 10001),
    Volume("deployer-data", 0, 0),
    Volume("redis-secrets", 999, 1000, user=ADMIN),
    Volume("webserver-secrets", 10001, 10001, user=CONSOLE),
    Volume("deployer-secrets", 0, 0, user=DEPLOYER),
    Volume("service-secrets", 10001, 10001, user=SERVICE, mode=0o444),
)


def set_up(root: Path, settings: Settings, *, volumes: Sequence[Volume] = VOLUMES) -> None:
    """Make what is missing in the volumes, and tell a Redis that runs of its users.

    Raises:
        OSError: a volume cannot be written.
    """
    passwords = {v.user: _password(root / v.folder, v) for v in volumes if v.user}
    users = render_users(settings.namespace, passwords)
    _write(root / "redis-secrets" / USERS_FILE, render_file(users), 0o400)
    for volume in volumes:
        _give(root / volume.folder, volume)
    try:
        tell_users(settings.engine, passwords[ADMIN], users)
    except EngineUnavailableError:
        logger.info("the users of Redis are written down; it reads them when it starts")
    except RefusedError as error:
        # One that was started without them: Compose starts it anew after this.
        logger.warning("Redis runs with other users until it is started anew: {e}", e=str(error))
    else:
        logger.info("the users of Redis are written down, and it was told of them")


def main() -> None:
    """Set the volumes up that the command line names."""
    settings = load_settings(Settings)
    log.configure(settings, service="setup")
    logger.disable("durapy_core.engines")  # a Redis that is not there yet is nothing to warn of
    try:
        set_up(Path(sys.argv[1]), settings)
    except OSError as error:
        raise SettingsError(
            f"{error.filename} cannot be made or changed ({error.strerror}); this is for the "
            "container `setup` of docker-compose.yml, which may write to the rig's volumes."
        ) from error


def _password(folder: Path, volume: Volume) -> str:
    """Return the password that is kept in a folder; the first call makes it."""
    path = folder / PASSWORD_FILE
    kept = path.read_text(encoding="ascii").strip() if path.exists() else ""
    kept = kept or secrets.token_urlsafe(32)
    _write(path, kept + "\n", volume.mode)
    _write(folder / NO_PASSWORD_FILE, "", 0o444)
    return kept


def _write(path: Path, text: str, mode: int) -> None:
    """Let a file hold a text: in one step, and not at all if it does."""
    if path.exists() and path.read_text(encoding="ascii") == text:
        path.chmod(mode)
        return
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    fresh.chmod(mode)  # whatever the umask
    fresh.rename(path)


def _give(folder: Path, volume: Volume) -> None:
    """Give a folder and all in it to its owner; nothing outside it, whatever links are there."""
    os.chown(folder, volume.uid, volume.gid)
    folder.chmod(0o755 if volume.mode & 0o004 else 0o700)
    for _, folders, files, fd in os.fwalk(folder):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # gone meanwhile: the rig may run
                os.chown(name, volume.uid, volume.gid, dir_fd=fd, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(run_quietly(main, program="setup"))
