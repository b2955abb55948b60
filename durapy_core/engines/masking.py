"""Passwords out of URLs, before anybody prints or logs them."""

import re
from typing import Final

_USER_INFO: Final = re.compile(r"(://)([^:@/]*)(:.*)?@", re.DOTALL)
_PASSWORD: Final = re.compile(r"(password=)[^&#]*", re.IGNORECASE)


def mask_url(url: str) -> str:
    """Return the URL with `***` for its password; one that is malformed is masked up to its @."""
    return _PASSWORD.sub(r"\1***", _USER_INFO.sub(_hide, url))


def _hide(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}:***@" if found[3] else found[0]
