"""The secrets of the web server: the token of programs, and the key that signs cookies."""

import hmac
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from durapy_core.errors import SettingsError
from durapy_core.settings import Settings, make_data_dir, read_secret

_SHORTEST_TOKEN: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What lets somebody in. `repr` shows neither.

    Attributes:
        token: the bearer token of programs.
        cookie_secret: signs cookies; a new token makes a new one, so it signs everybody out.
    """

    token: str
    cookie_secret: bytes

    def __repr__(self) -> str:
        """Return no secret."""
        return "Credentials(…)"

    def is_token(self, given: str) -> bool:
        """Return whether this is the token, in a time that tells nothing about it."""
        return hmac.compare_digest(given.encode(errors="surrogatepass"), self.token.encode())


def load_credentials(settings: Settings) -> Credentials:
    """Return the credentials; what is not given is made once and kept in the data folder.

    Raises:
        SettingsError: the data folder or the token's file cannot be used.
    """
    folder = make_data_dir(settings)
    token = _given_token(settings) or _kept(folder / "token")
    secret = _kept(folder / "cookie-secret")
    signed = hmac.new(secret.encode(), token.encode(), sha256)
    return Credentials(token=token, cookie_secret=signed.digest())


def _given_token(settings: Settings) -> str | None:
    if settings.token_file is not None:
        secret = read_secret(settings.token_file, variable="DURAPY_TOKEN_FILE")
    elif settings.token is not None:
        secret = settings.token
    else:
        return None
    token = secret.get_secret_value().strip()
    if not token:
        raise SettingsError("DURAPY_TOKEN holds only blanks; set a long random text or unset it.")
    if len(token) < _SHORTEST_TOKEN:
        raise SettingsError(
            f"DURAPY_TOKEN has {len(token)} characters, so it can be guessed; use "
            f"{_SHORTEST_TOKEN} or more, or leave it empty, and one is made."
        )
    return token


def _kept(path: Path) -> str:
    """Return the secret in a file; the first caller makes it, readable by its owner only."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        if not path.exists():
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
            try:
                path.hardlink_to(fresh)  # of two that start at once, one wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        kept = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be made or read ({error}); set DURAPY_DATA_DIR to a folder that can."
        ) from error
    if not kept:
        raise SettingsError(f"{path} is empty; delete it, and the next start makes a new one.")
    return kept
