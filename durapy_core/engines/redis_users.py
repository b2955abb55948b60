"""The users of a Redis that belongs to one rig: who may do what there, as rules of its ACL.

A service may send commands and keep its own account; it can write neither the log of operations nor
what signs a browser in, and it can remove nothing but by XADD's MAXLEN, which an ACL cannot forbid.
The console may do that as well and trims; the deployer writes operations and no command.
Whoever gives no password may do nothing.

SET is given for the names of sends only: it would overwrite a log with a text.

Source: Redis, "ACL"; key permissions and selectors need Redis 7.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from durapy_core.engines.base import (
    CATALOG,
    COMMANDS,
    LEASES,
    LOGS,
    OPERATIONS,
    RECEIPTS,
    SAFETY,
    STATUS,
)
from durapy_core.engines.redis_link import Link
from durapy_core.engines.redis_server import Lost, Server
from durapy_core.engines.redis_url import parse_address
from durapy_core.engines.redis_wire import pack
from durapy_core.errors import EngineUnavailableError

ADMIN: Final = "admin"
"""Who may do everything: tells Redis of its users, and is lent to people by scripts/redis-cli."""

SERVICE: Final = "service"
CONSOLE: Final = "console"
DEPLOYER: Final = "deployer"

_CONNECTED: Final = "+ping +time +info +select +client|id +client|kill"
_IN_STEPS: Final = "+multi +exec +eval +evalsha"
_READS: Final = "+xread +xrange +xrevrange +xinfo|stream +exists +get +hget +hmget +hgetall"
_WRITES: Final = "+xadd +hset +hincrby +hdel"
_RUNTIME: Final = f"-@all {_CONNECTED} {_IN_STEPS} {_READS} {_WRITES}"
_TRIMS: Final = "+xlen +xtrim"

_DEFAULT: Final = "off ~* &* +@all"
"""Nobody can log in as the default user, and it must have every right all the same: Redis loads its
append-only file as this user, and drops what that may not do within a transaction.

Source: redis/redis, pull request 14545, which mends it.
"""

_OF_ALL: Final = ("trimmed", "lost", LOGS, LEASES, f"table:{STATUS}")
"""What each of them writes: a log that lost its end, log lines, leads that end, how it is."""

_OF_SERVICES: Final = (
    *(COMMANDS, RECEIPTS, SAFETY, "safe_state", "progress:*", "lease:*"),
    *(f"table:{CATALOG}", "table:versions"),
)
_OF_THE_DEPLOYER: Final = (
    *(OPERATIONS, "progress:deployer", "lease:deployer"),
    *("table:operators", "table:deployment"),
)


def render_users(namespace: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """Return the rules of every user by name, as ACL SETUSER takes them behind `reset`.

    `passwords` has one for each of the four users; the rules hold their SHA-256 only.
    """
    prefix = f"durapy:{{{namespace}}}:"
    rules = {
        ADMIN: "~* &* +@all",
        CONSOLE: f"~{prefix}* {_RUNTIME} {_TRIMS} (~{prefix}sent:* +set)",
        SERVICE: _rules(prefix, _OF_SERVICES, sends=(COMMANDS, SAFETY)),
        DEPLOYER: _rules(prefix, _OF_THE_DEPLOYER, sends=(OPERATIONS,)),
    }
    users = {
        name: f"on #{sha256(passwords[name].encode()).hexdigest()} {rule}"
        for name, rule in rules.items()
    }
    return {"default": _DEFAULT, **users}


def render_file(users: Mapping[str, str]) -> str:
    """Return the users as the file that `redis-server --aclfile` reads."""
    return "".join(f"user {name} {rules}\n" for name, rules in users.items())


def tell_users(url: str, password: str, users: Mapping[str, str]) -> None:
    """Let a Redis that runs know its users, without ending a connection.

    `url` and `password` are the administrator's.

    Raises:
        EngineUnavailableError: no Redis answers there.
        RefusedError: it does not know this administrator.
    """
    link = Link(Server(parse_address(url, password=password)))
    try:
        link.ensure()
        for name, rules in users.items():
            link.call(pack("ACL", "SETUSER", name, "reset", *rules.split()))
    except Lost as error:
        raise EngineUnavailableError(f"{url} does not answer ({error}).") from error
    finally:
        link.drop()


def _rules(prefix: str, written: tuple[str, ...], *, sends: tuple[str, ...]) -> str:
    """Return the rules of who may read everything, write some keys, and name sends to `sends`."""
    sent = [f"sent:{log}:*" for log in sends]
    keys = " ".join(f"~{prefix}{name}" for name in (*_OF_ALL, *written, *sent))
    named = " ".join(f"(~{prefix}{name} +set)" for name in sent)
    return f"%R~{prefix}* {keys} {_RUNTIME} {named}"
