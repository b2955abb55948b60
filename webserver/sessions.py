"""Browser sessions: what the cookie says, how long it counts, and how all of a user's end at once.

The cookie is signed, so it needs no table: it names the user and says when it was made. Signing out
everywhere keeps the moment in a file; what was made before it counts no longer.
"""

import json
import os
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from math import inf, nextafter
from pathlib import Path
from typing import Final

from durapy_core.errors import SettingsError

_HOUR_S: Final = 3600.0


class Sessions:
    """The browser sessions of one console.

    Attributes:
        cookie: the name of its cookie. Browsers send a cookie to every port of a host, so each
            console has a name of its own.
        xsrf_cookie: the name of the cookie that the token in each form must fit; one of its own
            as well, as a cookie set over HTTPS keeps a console without it from setting its own.
        hours: how long a session counts after the sign-in.
    """

    def __init__(
        self, file: Path, *, rig: str, hours: float, clock: Callable[[], float] = time.time
    ) -> None:
        """Take where sign-outs are kept, and what tells this console from others on its host.

        Raises:
            SettingsError: the file cannot be read.
        """
        name = sha256(rig.encode()).hexdigest()[:8]
        self.cookie, self.xsrf_cookie = f"durapy_session_{name}", f"durapy_xsrf_{name}"
        self.hours = hours
        self._file = file
        self._clock = clock
        self._ended = _read(file)

    def begin(self, user: str) -> str:
        """Return what the cookie of a user who has just signed in holds.

        It is younger than the user's last sign-out everywhere, also if the clock was set back.
        """
        begun_s = max(self._clock(), nextafter(self._ended.get(user, 0.0), inf))
        return json.dumps([user, begun_s, secrets.token_hex(4)])

    def user_of(self, signed: bytes | None) -> str | None:
        """Return whose session the content of a signed cookie is; None: it counts no longer."""
        try:
            user, begun_s, _ = json.loads(signed or b"")
        except (ValueError, TypeError):
            return None  # of an earlier version
        age_s = self._clock() - begun_s
        if age_s > self.hours * _HOUR_S or begun_s <= self._ended.get(user, 0.0):
            return None
        return str(user)

    def end_all(self, user: str) -> None:
        """Sign a user out of every browser.

        Raises:
            OSError: it cannot be kept.
        """
        ended = {**self._ended, user: self._clock()}
        fresh = self._file.with_name(f".{self._file.name}-{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(ended, file)
        fresh.replace(self._file)
        self._ended = ended


def _read(file: Path) -> dict[str, float]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {str(user): float(ended_s) for user, ended_s in kept.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{file} cannot be read ({error}); delete it, and give a new DURAPY_TOKEN so that "
            "whoever signed out everywhere stays signed out."
        ) from error
