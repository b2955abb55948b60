"""The file of users: who may sign in to the console by name, each with a password.

A line is `NAME:HASH`; the hash is Argon2id's in its own text form, which holds no colon. Without
the file, or with an empty one, the console knows one user only, called `user`.
"""

import os
import re
import secrets
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from durapy_core.errors import SettingsError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST_PASSWORD: Final = 10
_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
_RESERVED: Final = frozenset({"user", "api"})


class Users:
    """The users in one file, which is read anew at each call."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def names(self) -> list[str]:
        """Return every name, in order of the alphabet.

        Raises:
            SettingsError: the file cannot be read.
        """
        return sorted(self._read())

    def mark_of(self, name: str) -> str | None:
        """Return what tells a user's password from others, and nothing else of it; None: nobody's.

        Raises:
            SettingsError: the file cannot be read.
        """
        kept = self._read().get(name)
        return None if kept is None else sha256(kept.encode()).hexdigest()[:16]

    def add(self, name: str, password: str) -> None:
        """Add a user, or give one a new password.

        Raises:
            SettingsError: name or password is not usable, or the file cannot be written.
        """
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise SettingsError(
                f"{name[:40]!r} cannot be a user's name; use a small letter, then small letters, "
                "digits, `_ . -`, 32 at most, and neither `user` nor `api`."
            )
        if len(password) < SHORTEST_PASSWORD:
            raise SettingsError(
                f"The password is too short; use {SHORTEST_PASSWORD} characters or more."
            )
        self._write({**self._read(), name: _hasher().hash(password)})

    def remove(self, name: str) -> None:
        """Remove a user.

        Raises:
            SettingsError: there is no such user, or the file cannot be written.
        """
        users = self._read()
        if users.pop(name, None) is None:
            known = ", ".join(sorted(users)) or "nobody"
            raise SettingsError(f"No user is called {name[:40]!r}; {self._file} has {known}.")
        self._write(users)

    def check(self, name: str, password: str) -> bool:
        """Return whether the password is this user's; takes as long for a name that is not there.

        Costs some 50 ms of one core and 64 MB for that time, so that guessing is slow.

        Raises:
            SettingsError: the file cannot be read.
        """
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 (as below)

        users, hasher = self._read(), _hasher()
        known = users.get(name)
        try:
            return hasher.verify(known or hasher.hash(secrets.token_hex()), password)
        except (VerificationError, InvalidHashError):
            return False

    def _read(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The file of users {self._file} cannot be read ({error}); see DURAPY_USERS_FILE."
            ) from error
        pairs = (line.partition(":") for line in lines if line.strip())
        return {name.strip(): hashed.strip() for name, _, hashed in pairs}

    def _write(self, users: dict[str, str]) -> None:
        fresh = self._file.with_name(f".{self._file.name}-{secrets.token_hex(4)}")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.writelines(f"{name}:{users[name]}\n" for name in sorted(users))
            fresh.replace(self._file)
        except OSError as error:
            raise SettingsError(
                f"The file of users {self._file} cannot be written ({error.strerror})."
            ) from error


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # noqa: PLC0415 (a service never signs anybody in)

    return PasswordHasher()
