"""The way back: whoever signs in comes to the page they asked for, and to no other server's.

The sign-in page has that page's address in its own, as `?next=…`. Anybody can write a link with
such an address, so what it says counts only if a browser takes it for a path of this console.
"""

import re
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from webserver.credentials import Credentials

SIGN_IN: Final = "/login"
FIRST_PAGE: Final = "/"

_LONGEST: Final = 2000
_OWN_PATH: Final = re.compile(r"/(?!/)[!-\[\]-~]*")
"""One slash, then ASCII without blanks, control characters and backslashes.

Browsers drop line ends and tabs in an address and read a backslash as a slash, so `/\\t/evil` and
`/\\evil` would be another server's. Source: URL Standard, "basic URL parser", special schemes.
"""


def sign_in_url(asked: str, credentials: Credentials) -> str:
    """Return the address of the sign-in page that leads back to `asked`, a path with its query.

    Without the way back if that is the first page anyway, no path of this console, or holds the
    token: somebody tried to sign in by it, and it is to stand in no further address.
    """
    wanted = own_path(asked)
    if wanted == FIRST_PAGE or _holds_token(wanted, credentials):
        return SIGN_IN
    return f"{SIGN_IN}?next={quote(wanted, safe='/')}"


def own_path(wanted: str) -> str:
    """Return `wanted` if a browser stays on this console with it, else the first page."""
    usable = len(wanted) <= _LONGEST and _OWN_PATH.fullmatch(wanted)
    return wanted if usable and urlsplit(wanted).path != SIGN_IN else FIRST_PAGE


def _holds_token(path: str, credentials: Credentials) -> bool:
    values = (value for _, value in parse_qsl(urlsplit(path).query))
    return any(credentials.is_token(value) for value in values)
