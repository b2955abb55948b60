"""Running programs on a computer: this one, or another one over OpenSSH. No shell of ours.

A remote program passes the login shell of the other side, so each argument is quoted for it. Host
keys, keys to log in with and jump hosts are what the user's own SSH configuration says: nothing is
accepted that `ssh` would not accept without a question.

Sources: ssh(1), ssh_config(5).
"""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, Protocol

from durapy_core.errors import DeployError, ManagerUnavailableError, SettingsError
from durapy_core.settings import child_environment

LIMIT_S: Final = 30.0
_CONNECT_S: Final = 10
_POLL_S: Final = 0.2
_SSH_FAILED: Final = 255

_URL: Final = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z_][\w.-]{0,31})@)?"
    r"(?P<host>[A-Za-z0-9](?:[\w.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)

_REASONS: Final = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", ("shows another host key than the known one; find "
     "out why before you remove the old one from known_hosts")),
    ("Host key verification failed", ("has a host key that is not known here; compare its "
     "fingerprint and accept it once by hand with `ssh`")),
    ("Permission denied", ("refused the login; it must be possible with a key and without a "
     "password, as this same user")),
    ("Could not resolve hostname", "is not known under this name"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended, and what it wrote."""

    code: int
    out: str
    err: str


Say = Callable[[Sequence[str]], None]
Cancelled = Callable[[], str | None]


class Host(Protocol):
    """A computer on which programs run.

    Attributes:
        name: for people.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    def run(self, *argv: str, limit_s: float = LIMIT_S) -> Done:
        """Run a program to its end.

        Raises:
            ManagerUnavailableError: it is not installed there, or the computer does not answer.
            DeployError: it did not end within `limit_s` seconds.
        """

    def stream(self, *argv: str, say: Say, cancelled: Cancelled) -> int:
        """Run a program that takes long, pass on its lines as they come, return its exit code.

        Raises:
            DeployError: it was cancelled; the message says why.
        """


class LocalHost:
    """This computer."""

    name = "this computer"

    def run(self, *argv: str, limit_s: float = LIMIT_S) -> Done:
        """See `Host.run`."""
        return _run(argv, self.name, limit_s)

    def stream(self, *argv: str, say: Say, cancelled: Cancelled) -> int:
        """See `Host.stream`."""
        return _stream(argv, say, cancelled, kill=_kill_all)


class SshHost:
    """Another computer. Connections are kept open for a minute and used again."""

    def __init__(self, url: str) -> None:
        """Take `ssh://[USER@]HOST[:PORT]`; HOST may be an alias of the SSH configuration.

        Raises:
            SettingsError: it is not of this form.
        """
        found = _URL.fullmatch(url)
        if found is None or int(found["port"] or 22) > 65535:  # noqa: PLR2004 (TCP's last port)
            raise SettingsError(f"{url!r} names no computer; write ssh://USER@HOST or ssh://HOST.")
        self.name = url
        self._ssh = tuple(_ssh(found["host"].strip("[]"), found["user"], found["port"]))

    def run(self, *argv: str, limit_s: float = LIMIT_S) -> Done:
        """See `Host.run`."""
        done = _run((*self._ssh, _quote(argv)), self.name, limit_s)
        if done.code == _SSH_FAILED:
            raise ManagerUnavailableError(f"{self.name} {_why(done.err)}.")
        if done.code == 127:  # noqa: PLR2004 (a shell's "not found")
            raise ManagerUnavailableError(f"{self.name} has no program {argv[0]}.")
        return done

    def stream(self, *argv: str, say: Say, cancelled: Cancelled) -> int:
        """See `Host.stream`. One that is cancelled may go on over there until it writes."""
        argv = (*self._ssh, _quote(argv))
        return _stream(argv, say, cancelled, kill=lambda ssh: ssh.kill())  # others use its socket


def open_host(url: str | None) -> Host:
    """Return the computer with this address, or this one for None.

    Raises:
        SettingsError: the address is not of the form `ssh://USER@HOST`.
    """
    return SshHost(url) if url else LocalHost()


def _ssh(host: str, user: str | None, port: str | None) -> list[str]:
    sockets = Path.home() / ".ssh"
    with suppress(OSError):  # then ssh says that it cannot put its socket there
        sockets.mkdir(mode=0o700, exist_ok=True)
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(_CONNECT_S),
        "ControlMaster": "auto",
        "ControlPath": f"{sockets}/durapy-%C",
        "ControlPersist": "60",
        "ServerAliveInterval": "5",
    }
    argv = ["ssh", "-T", *(word for pair in options.items() for word in ("-o", "=".join(pair)))]
    argv += ["-l", user] if user else []
    argv += ["-p", port] if port else []
    return [*argv, "--", host]


def _quote(argv: Sequence[str]) -> str:
    return shlex.join(["env", "LC_ALL=C", *argv])


def _run(argv: Sequence[str], host: str, limit_s: float) -> Done:
    try:
        done = subprocess.run(  # noqa: S603 (an argument list of ours)
            argv,
            env=child_environment(LC_ALL="C"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise ManagerUnavailableError(f"There is no program {argv[0]} here.") from error
    except OSError as error:
        raise ManagerUnavailableError(f"{argv[0]} cannot be run here: {error}.") from error
    except subprocess.TimeoutExpired as error:
        raise DeployError(f"{host} did not finish `{argv[0]}` within {limit_s:g} s.") from error
    return Done(done.returncode, done.stdout, done.stderr)


def _stream(
    argv: Sequence[str],
    say: Say,
    cancelled: Cancelled,
    *,
    kill: "Callable[[subprocess.Popen[str]], None]",
) -> int:
    try:
        process = subprocess.Popen(  # noqa: S603 (an argument list of ours)
            argv,
            env=child_environment(LC_ALL="C"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ManagerUnavailableError(f"{argv[0]} cannot be run here: {error}.") from error
    lines: SimpleQueue[str | None] = SimpleQueue()
    Thread(target=_read, args=(process, lines), name="build", daemon=True).start()
    with process:
        try:
            _pass_on(lines, say, cancelled)
        except BaseException:
            kill(process)  # or its end would be waited for here
            raise
        return process.wait()


def _pass_on(lines: "SimpleQueue[str | None]", say: Say, cancelled: Cancelled) -> None:
    """Return when the last line was passed on."""
    while True:
        why = cancelled()
        if why:
            raise DeployError(why)
        with suppress(Empty):
            line = lines.get(timeout=_POLL_S)
            if line is None:
                return
            say([line])


def _kill_all(process: "subprocess.Popen[str]") -> None:
    """End a program and what it started, which may hold its output open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read(process: "subprocess.Popen[str]", lines: "SimpleQueue[str | None]") -> None:
    if process.stdout is not None:
        for line in process.stdout:
            lines.put(line.rstrip())
    lines.put(None)


def _why(said: str) -> str:
    for sign, reason in _REASONS:
        if sign in said:
            return reason
    last = said.strip().splitlines()[-1:] or ["ssh ended without a word"]
    return f"does not answer: {last[0].strip().rstrip('.')}"
