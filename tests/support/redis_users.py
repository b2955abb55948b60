"""A real redis-server that knows the users of a rig, as under Compose."""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from durapy_core.engines.redis_users import (
    ADMIN,
    CONSOLE,
    DEPLOYER,
    SERVICE,
    render_file,
    render_users,
)
from tests.support.redis_server import RedisServer

PASSWORDS: Final = {name: f"of-{name}" for name in (ADMIN, CONSOLE, DEPLOYER, SERVICE)}
ANY_NAMESPACE: Final = "*"


class RedisWithUsers(RedisServer):
    """A server that a client must tell who it is."""

    def __init__(self, namespace: str = ANY_NAMESPACE) -> None:
        self._users = tempfile.TemporaryDirectory()
        file = Path(self._users.name) / "users.acl"
        file.write_text(render_file(render_users(namespace, PASSWORDS)), encoding="ascii")
        super().__init__("--aclfile", str(file), aof=True)

    def url(self, user: str) -> str:
        """Return its URL as a rig's process has it, for one of the users."""
        return f"unix://{user}:{PASSWORDS[user]}@{self.socket_path}"

    def client(self, user: str = ADMIN) -> Any:
        """Return a plain client that is one of the users; an unknown one gives no password."""
        return Redis(
            unix_socket_path=str(self.socket_path),
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            username=user if user in PASSWORDS else None,
            password=PASSWORDS.get(user),
        )

    def refusals(self) -> list[tuple[str, str, str]]:
        """Return what was refused since the server started: the user, what for, which."""
        told = self.client().acl_log()
        return [tuple(entry[name] for name in ("username", "reason", "object")) for entry in told]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._users.cleanup()
