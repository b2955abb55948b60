"""What a reverse proxy says of the browser before it; only proxies that were named are believed.

Anybody can write these headers. Tornado's `xheaders` believes whoever connects, so it stays off.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from loguru import logger
from tornado.httputil import HTTPServerRequest, split_host_and_port

from durapy_core.settings import Network

_HEADERS: Final = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")
_SCHEMES: Final = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
"""Traefik names the scheme of a socket."""

_HOST: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_WITH_PORT: Final = re.compile(r"\[(?P<six>[^\]]*)\](:\d+)?|(?P<four>[\d.]+):\d+")

Address = IPv4Address | IPv6Address


class Proxies:
    """The proxies that are believed."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        """Take the networks that they are in."""
        self._trusted = trusted
        self._told = False

    def include(self, place: str) -> bool:
        """Return whether an address, as text, is that of a trusted proxy."""
        address = _read_address(place)
        return address is not None and self._trusts(address)

    def apply(self, request: HTTPServerRequest) -> None:
        """Give a request the address, scheme and host that its browser has for it.

        Of a list of addresses, the last one that is no trusted proxy counts: whatever stands
        before it was written by somebody who is not trusted. Values that make no sense count for
        nothing. A request that comes from elsewhere than a trusted proxy stays as it is.
        """
        peer = _read_address(str(request.remote_ip))
        if peer is None or not self._trusts(peer):
            self._tell_once(request)
            return
        headers = request.headers
        request.remote_ip = str(self._client(peer, headers.get("X-Forwarded-For", "")))
        scheme = _SCHEMES.get(_last(headers.get("X-Forwarded-Proto", "")).lower())
        request.protocol = scheme or request.protocol
        host = _last(headers.get("X-Forwarded-Host", ""))
        if _HOST.fullmatch(host):
            request.host = host
            request.host_name = split_host_and_port(host.lower())[0]

    def _client(self, peer: Address, forwarded: str) -> Address:
        """Return the address nearest to us that is no trusted proxy."""
        client = peer
        for text in reversed(forwarded.split(",")):
            address = _read_address(text.strip())
            if address is None:
                break
            client = address
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _tell_once(self, request: HTTPServerRequest) -> None:
        """Help whoever sets a proxy up; what strangers send is no reason to fill the log."""
        if self._told or not any(name in request.headers for name in _HEADERS):
            return
        self._told = True
        logger.info(
            "{address} says for whom it asks (X-Forwarded-…) and is not believed; "
            "if it is a proxy of yours, add it to DURAPY_TRUSTED_PROXIES",
            address=request.remote_ip,
        )


def _last(text: str) -> str:
    """Return the entry that the nearest proxy has written."""
    return text.rpartition(",")[2].strip()


def _read_address(text: str) -> Address | None:
    """Return an address, without a port if there is one; None for anything else."""
    match = _WITH_PORT.fullmatch(text)
    with suppress(ValueError):
        address = ip_address((match["six"] or match["four"]) if match else text)
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return mapped or address
    return None
