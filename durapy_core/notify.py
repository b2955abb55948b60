"""Telling systemd how this process is, where systemd started it and listens.

A service is ready once it leads or stands by: either way it has been imported and reaches the
store, and if the other one ends it takes over. The sign of life comes from the thread that
publishes the status, so a stuck handler is shown, not killed; only a process that cannot even say
how it is counts as dead.

Source: sd_notify(3): one datagram of `NAME=VALUE` lines to the Unix socket in `NOTIFY_SOCKET`.
"""

import contextlib
import socket

from durapy_core.status import ServiceState, ServiceStatus

_NOT_READY = (ServiceState.STARTING, ServiceState.STOPPING, ServiceState.STOPPED)


class Notifier:
    """Speaks to the service manager; what cannot be delivered is lost, and nothing waits for it."""

    def __init__(self, address: str) -> None:
        """Take the path of the socket; an `@` in front stands for an abstract one."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(0)

    def alive(self) -> None:
        """Give a sign of life, for `WatchdogSec=`."""
        self._send("WATCHDOG=1")

    def show(self, status: ServiceStatus) -> None:
        """Pass a status on: whether it is ready or stopping, and a line for people."""
        lines = [f"STATUS={describe(status)}"]
        if status.state not in _NOT_READY:
            lines.append("READY=1")
        elif status.state is not ServiceState.STARTING:
            lines.append("STOPPING=1")
        self._send("\n".join(lines))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _send(self, text: str) -> None:
        with contextlib.suppress(OSError):  # systemd is away or busy; the next one is a second off
            self._socket.sendto(text.encode(), self._address)


def open_notifier(address: str | None) -> Notifier | None:
    """Return what speaks to the manager at this address, or None if nobody listens."""
    return Notifier(address) if address else None


def describe(status: ServiceStatus) -> str:
    """Return a status in one line: `in session mouse 7, revision 1c2d3e4`."""
    words = status.state.replace("_", " ")
    if status.busy_key:
        words += f" with {status.busy_key} for {status.busy_s or 0:.0f} s"
    elif status.session is not None:
        words += f" {status.session.label or status.session.key}"
    if status.fault:
        words += f", fault: {status.fault}"
    return " ".join(f"{words}, revision {status.revision}".split())
