"""The URL of a Redis server, and the redis-py connections that are made from it.

`redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, `rediss://` for TLS, `unix://[USER:PASSWORD@]/PATH`.
Options of redis-py's `Connection` may follow, as in `?db=1` or `?ssl_ca_certs=/etc/rig/ca.pem`.
A message never shows the password, nor text of a driver's error that might.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from redis.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import RedisError

from durapy_core.engines.masking import mask_url
from durapy_core.engines.redis_replies import Replies
from durapy_core.errors import SettingsError

CONNECT_TIMEOUT_S: Final = 5.0
_OURS: Final = {"socket_timeout", "socket_connect_timeout", "protocol", "parser_class"}


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a server is and how it wants to be greeted.

    Attributes:
        name: the URL without its password, for messages and logs.
    """

    name: str
    _kind: type[AbstractConnection] = field(repr=False)
    _given: dict[str, Any] = field(repr=False)

    def make_connection(self, replies: Replies, *, timeout_s: float) -> AbstractConnection:
        """Return a connection that is not yet open; a reply may take `timeout_s`."""
        return self._kind(
            socket_timeout=timeout_s,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            protocol=2,
            parser_class=lambda **_: replies,
            driver_info=None,  # a user who may do only what is needed may not tell it
            **self._given,
        )


def parse_address(url: str, *, password: str | None) -> Address:
    """Return the address in a URL; `password` is used if the URL carries none.

    Raises:
        SettingsError: the URL is malformed or has an option that redis-py does not know.
    """
    name = mask_url(url)
    _check(url, name)
    try:
        given = parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        raise _malformed(name, "an option behind ? has a wrong value") from None
    kind = given.pop("connection_class", Connection)
    ours = _OURS.intersection(given)
    if ours:
        raise _malformed(name, f"DuraPy chooses {', '.join(sorted(ours))} itself, leave it out")
    if password and "password" not in given:
        given["password"] = password
    address = Address(name=name, _kind=kind, _given=given)
    try:
        address.make_connection(Replies(), timeout_s=1)
    except (TypeError, ValueError, OSError, RedisError) as error:
        unknown = isinstance(error, TypeError)
        what = "an option behind ? is unknown" if unknown else type(error).__name__
        raise _malformed(name, what) from None
    return address


def _check(url: str, name: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _malformed(name, "the brackets around its host do not match") from None
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _malformed(name, "the port is not a number up to 65535") from None
    if parts.scheme == "unix":
        if host or port or parts.path in {"", "/"}:
            raise _malformed(name, "write three slashes and the socket, unix:///run/redis.sock")
        return
    if not host:
        raise _malformed(name, "it names no host, as in redis://localhost:6379/0")
    database = unquote(parts.path).strip("/")
    if database and not (database.isascii() and database.isdecimal()):
        raise _malformed(name, "behind the host stands the number of a database, as in /0")


def _malformed(name: str, what: str) -> SettingsError:
    return SettingsError(f"DURAPY_ENGINE={name} is not usable: {what}.")
