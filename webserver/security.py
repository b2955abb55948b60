"""What every answer carries to keep a browser from being used against its user."""

from typing import Final
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: with it browsers send `Origin: null` even to their own server. The code
    # of a sign-in link reaches nobody else either way.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_same_origin(request: HTTPServerRequest) -> bool:
    """Return whether a request comes from a page of this server, or from no page at all.

    Browsers send Origin with every write and every socket; programs do not. The scheme is not
    compared, so that a proxy may speak TLS.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc.lower() == request.host.lower()
