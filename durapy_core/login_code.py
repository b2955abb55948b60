"""Single-use codes for signing in to the console: made by whoever can reach the store.

The store keeps only a code's SHA-256, so reading its tables lets nobody in. Of two who redeem one
code at the same time one wins: the store keeps a single entry of an `id`, and says whose it is.
"""

import json
import secrets
from hashlib import sha256
from typing import Final

from durapy_core.engines.base import Engine
from durapy_core.entry import NewEntry
from durapy_core.settings import Settings

VALID_S: Final = 600.0
"""How long a code is valid, in seconds by the store's clock."""

CODES: Final = "login_codes"
"""Table: SHA-256 of a code → nothing; the age of the row is the age of the code."""

SIGN_INS: Final = "sign_ins"
"""The log of codes that were redeemed."""

CONSOLE: Final = "console"
"""Table: `address` → where a browser on the console's computer finds it."""

_EVERYWHERE: Final = ("", "0.0.0.0", "::")  # noqa: S104 (compared, not bound)


def console_address(settings: Settings, port: int) -> str:
    """Return where a browser finds the console that listens on this port.

    Unless that is set, on its own computer: one that listens everywhere is named by 127.0.0.1.
    """
    if settings.console_url:
        return settings.console_url
    scheme = "https" if settings.tls_cert_file else "http"
    shown = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"


def publish_address(engine: Engine, address: str) -> None:
    """Let other processes know where the console is.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    engine.put(CONSOLE, "address", address)


def published_address(engine: Engine) -> str | None:
    """Return where the console last said that it is; None if it never ran on this store.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    row = engine.table(CONSOLE).get("address")
    return row.text if row else None


def make_link(address: str, code: str) -> str:
    """Return the link that signs a browser in to the console at `address`."""
    return f"{address}/login?code={code}"


def mint(engine: Engine) -> str:
    """Return a new code, and forget those that are no longer valid.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    for name, row in engine.table(CODES).items():
        if row.age_s > VALID_S:
            engine.remove(CODES, name)
    code = secrets.token_urlsafe(24)
    engine.put(CODES, _digest(code), "{}")
    return code


def redeem(engine: Engine, code: str) -> bool:
    """Return whether the code is valid; afterwards it is not, for anybody.

    Raises:
        EngineUnavailableError: the store did not answer; the code may be used up.
    """
    digest = _digest(code)
    row = engine.table(CODES).get(digest)
    if row is None or row.age_s > VALID_S:
        return False
    mine = json.dumps({"by": secrets.token_hex(8)})
    kept = engine.append(SIGN_INS, NewEntry(type="REDEEMED", body=mine, id=f"login/{digest}"))
    engine.remove(CODES, digest)
    return kept.body == mine


def _digest(code: str) -> str:
    return sha256(code.encode(errors="surrogatepass")).hexdigest()
