"""Browser sessions: what the cookie says, how long it counts, and how all of a user's end at once.

The cookie is signed, so it needs no table: it names the user and says when it was made. Signing out
is kept in a file: of one browser by the cookie's own mark, everywhere by the moment; what was made
before that counts no longer.
"""

import json
import os
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from math import inf, nextafter
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from durapy_core.errors import SettingsError

_HOUR_S: Final = 3600.0
_BLANK: Final = " "


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
        self._lock = Lock()
        self._ended = _read(file)

    def begin(self, user: str, password: str = "") -> str:
        """Return what the cookie of a user who has just signed in holds.

        `password` tells the user's password from others, and is not that itself.
        """
        return json.dumps([user, self._now_s(user), secrets.token_hex(8), password])

    def read(self, signed: bytes | None) -> "Session | None":
        """Return the session in the content of a signed cookie; None: it counts no longer."""
        session = _parse(signed)
        if session is None or session.name in self._ended:
            return None
        if self._clock() - session.begun_s > self.hours * _HOUR_S:
            return None
        return None if session.begun_s <= self._ended.get(session.user, 0.0) else session

    def end(self, signed: bytes | None) -> None:
        """End one session: its cookie counts no longer, wherever somebody has kept it.

        Raises:
            OSError: it cannot be kept.
        """
        session = _parse(signed)
        if session is not None:
            self._keep(session.name, session.begun_s)

    def end_all(self, user: str) -> None:
        """Sign a user out of every browser.

        Raises:
            OSError: it cannot be kept.
        """
        self._keep(user, self._now_s(user))

    def _now_s(self, user: str) -> float:
        """Return a moment after the user's last sign-out everywhere, whatever the clock says."""
        return max(self._clock(), nextafter(self._ended.get(user, 0.0), inf))

    def _keep(self, name: str, moment_s: float) -> None:
        """Keep what has ended, and no longer than a cookie counts that knows no better."""
        with self._lock:
            oldest_s = self._clock() - self.hours * _HOUR_S
            over = {n: s for n, s in self._ended.items() if _BLANK not in n or s > oldest_s}
            ended = {**over, name: moment_s}
            fresh = self._file.with_name(f".{self._file.name}-{secrets.token_hex(4)}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(ended, file)
            fresh.replace(self._file)
            self._ended = ended


class Session(NamedTuple):
    """What a cookie says: whose it is, when it began, and with which password; see `begin`."""

    user: str
    begun_s: float
    mark: str
    password: str

    @property
    def name(self) -> str:
        """What it is called where it ended by itself; no user's name has a blank."""
        return f"{self.user}{_BLANK}{self.mark}"


def _parse(signed: bytes | None) -> Session | None:
    try:
        user, begun_s, mark, password = json.loads(signed or b"")
        return Session(str(user), float(begun_s), str(mark), str(password))
    except (ValueError, TypeError):
        return None  # of an earlier version


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
