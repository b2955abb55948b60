"""What every answer carries to keep a browser from being used against its user."""

from typing import Final
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest, split_host_and_port


def content_policy(*scripts: str) -> str:
    """Return the content policy that lets the console's own files run and, by hash, these scripts.

    A hash is written as `'sha256-…'`. Source: Content Security Policy Level 3.
    """
    allowed = " ".join(("script-src 'self'", *scripts))
    return (
        f"default-src 'self'; {allowed}; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


_PORTS: Final = {"http": 80, "https": 443}

HEADERS: Final = {
    "Content-Security-Policy": content_policy(),
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

    Browsers send Origin with every write and every socket; programs do not. A page that came by
    HTTPS may ask over HTTP, which is how a proxy looks that speaks TLS and is not trusted; the
    other way round somebody on the network may have written the page.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        scheme, place = urlsplit(origin)[:2]
        same = _place(place, scheme) == _place(request.host, scheme)
    except ValueError:
        return False
    return same and scheme in ("https", request.protocol)


def _place(text: str, scheme: str) -> tuple[str, int | None]:
    """Return host and port; browsers leave out the port that a scheme has, some proxies do not."""
    host, port = split_host_and_port(text.lower())
    return host, _PORTS.get(scheme) if port is None else port
