"""Where browsers come in: the sockets that listen, and TLS if a certificate is set."""

import errno
import socket
from dataclasses import dataclass

from tornado.netutil import bind_sockets

from durapy_core.errors import SettingsError
from durapy_core.settings import Settings
from webserver.tls import Tls, open_tls


@dataclass(frozen=True, slots=True)
class Door:
    """What a console listens with."""

    sockets: list[socket.socket]
    tls: Tls | None

    @property
    def port(self) -> int:
        """The TCP port, also where a free one was asked for."""
        port: int = self.sockets[0].getsockname()[1]
        return port


def open_door(settings: Settings) -> Door:
    """Return sockets that listen where the settings say, and what they speak.

    Raises:
        SettingsError: the port is taken, the address is not this computer's, or the certificate
            cannot be used.
    """
    tls = open_tls(settings)
    return Door(_bind(settings), tls)


def _bind(settings: Settings) -> list[socket.socket]:
    try:
        return bind_sockets(settings.port, settings.host)
    except (OSError, UnicodeError) as error:
        where = f"DURAPY_PORT={settings.port}"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            hint = "it is taken by another program; stop that one or set another DURAPY_PORT"
        elif isinstance(error, PermissionError):
            hint = "ports under 1024 are for root; set another DURAPY_PORT"
        else:
            where, hint = f"DURAPY_HOST={settings.host}", f"{error}; use 127.0.0.1 or 0.0.0.0"
        raise SettingsError(f"{where} cannot be listened on: {hint}.") from error
