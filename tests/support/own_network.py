"""A network of a test's own: its loopback, and nothing that other programs connect or take away."""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Thread
from typing import Final

from tests.support.way_out import WayOut

_CLONE_NEWNET: Final = 0x40000000
_GET_FLAGS: Final = 0x8913
_SET_FLAGS: Final = 0x8914
_UP: Final = 1
_REQUEST: Final = "16sh"  # struct ifreq: a name and flags
_HERE: Final = Path("/proc/thread-self/ns/net")


def is_possible() -> bool:
    """Return whether a test may have one here: as root on Linux."""
    if sys.platform != "linux" or os.geteuid():
        return False
    made: list[bool] = []
    trying = Thread(target=lambda: made.append(_enter_new()))  # the network ends with its thread
    trying.start()
    trying.join()
    return made[0]


@contextmanager
def in_own_network(*, reaching: int | None = None) -> Iterator[None]:
    """Let the calling thread, and all that it starts meanwhile, have a network of their own.

    127.0.0.1 is another there than outside: what is to be reached has to be started inside, to
    listen on a Unix socket, or outside on the port `reaching`. Where `is_possible` says no, nothing
    is changed.
    """
    if not is_possible():
        yield
        return
    way_out = WayOut(reaching) if reaching else None
    with _HERE.open("rb") as before:
        _enter_new()
        try:
            with way_out.opened() if way_out else nullcontext():
                yield
        finally:
            left = _libc().setns(before.fileno(), _CLONE_NEWNET)
            assert left == 0, os.strerror(ctypes.get_errno())


def _enter_new() -> bool:
    """Move this thread to a new network whose loopback is up, unless that is not allowed."""
    if _libc().unshare(_CLONE_NEWNET):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loopback:
        asked = struct.pack(_REQUEST, b"lo", 0)
        _, flags = struct.unpack(_REQUEST, fcntl.ioctl(loopback, _GET_FLAGS, asked))
        fcntl.ioctl(loopback, _SET_FLAGS, struct.pack(_REQUEST, b"lo", flags | _UP))
    return True


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
