"""A computer under systemd: a privileged container whose first process it is."""

import json
import secrets
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.checkout import ROOT, clone
from tests.support.compose import docker, need_docker
from tests.support.requirements import missing
from tests.support.waiting import wait_for

Json = dict[str, Any]
IMAGE = "durapy-test-systemd"
LIMIT_S = 300
_VENDOR = "webserver/static/vendor"


class SystemdComputer:
    """Two ordinary users, ada and bob, an SSH server, and no Docker; gone after its `with`."""

    def __init__(self) -> None:
        need_docker()
        docker("build", "--quiet", "--tag", IMAGE, "--file", "tests/systemd/Dockerfile", str(ROOT))
        self._name = f"durapytest-systemd-{secrets.token_hex(4)}"

    def run(
        self, *argv: str, user: str = "root", cwd: str = "/"
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program there, as one of its users."""
        options = ("--user", user, "--workdir", cwd, *self._environment(user))
        return subprocess.run(
            ["docker", "exec", *options, self._name, *argv],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def do(self, *argv: str, user: str = "root", cwd: str = "/") -> str:
        """Run a program that must succeed, and return what it printed on stdout."""
        done = self.run(*argv, user=user, cwd=cwd)
        assert done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def show(self, unit: str, name: str) -> str:
        """Return one property of a unit."""
        return self.do("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def check_out(self, user: str, scratch: Path) -> str:
        """Give a user a checkout of what is being tested, and return its folder."""
        source, target = scratch / f"rig-of-{user}", f"/home/{user}/rig"
        clone(source)
        if not (ROOT / _VENDOR / "STAMP").exists():
            missing("docker", "scripts/vendor has not been run, and the container has no network")
        shutil.copytree(ROOT / _VENDOR, source / _VENDOR)
        docker("cp", "--quiet", str(source), f"{self._name}:{target}")
        self.do("chown", "-R", f"{user}:{user}", target)
        return target

    def reboot(self) -> None:
        """Shut it down in order and start it again."""
        docker("restart", "--time=60", self._name)
        self._await_boot()

    def __enter__(self) -> Self:
        docker("run", "--detach", "--privileged", "--name", self._name, IMAGE)
        self._await_boot()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        docker("rm", "--force", "--volumes", self._name)

    def _environment(self, user: str) -> list[str]:
        """Return what a login sets and uv needs where there is no network."""
        uid = {"root": 0, "ada": 1000, "bob": 1001}[user]
        named = {"UV_OFFLINE": "1", "XDG_RUNTIME_DIR": f"/run/user/{uid}"}
        return [word for pair in named.items() for word in ("--env", "=".join(pair))]

    def _await_boot(self) -> None:
        wait_for(
            lambda: self.run("systemctl", "is-system-running").stdout.strip() == "running",
            "systemd to have started the computer",
            limit_s=60,
        )


class SystemdRig:
    """A rig on such a computer.

    Attributes:
        folder: its checkout.
    """

    def __init__(
        self, computer: SystemdComputer, user: str, folder: str, *, own: bool = False
    ) -> None:
        self.computer = computer
        self.folder = folder
        self._user = user
        self._own = ("--user",) if own else ()

    def install(self, *options: str) -> str:
        """Run scripts/install-systemd, as who has to."""
        who = self._user if self._own else "root"
        verb = [word for word in options if word == "--uninstall"]
        rest = [word for word in options if word not in verb]
        argv = ("scripts/install-systemd", *verb, *self._own, *rest)
        return self.computer.do(*argv, user=who, cwd=self.folder)

    def is_installed(self) -> bool:
        """Return whether an installation is there, for a rig in its user's own systemd."""
        units = f"/home/{self._user}/.config/systemd/user/durapy.target"
        return self.computer.run("test", "-e", units).returncode == 0

    def write(self, path: str, text: str) -> None:
        """Write a file of the checkout."""
        file = f"{self.folder}/{path}"
        script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"'
        self.computer.do("sh", "-c", script, "sh", file, text, user=self._user)

    def git(self, *arguments: str) -> str:
        """Run Git in the checkout and return what it printed."""
        identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
        argv = ("git", *identity, *arguments)
        return self.computer.do(*argv, user=self._user, cwd=self.folder).strip()

    def durapy(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the command line in the checkout, as the user that it belongs to."""
        return self.computer.run("scripts/durapy", *arguments, user=self._user, cwd=self.folder)

    def systemd(self, verb: str, *arguments: str) -> str:
        """Run `durapy systemd`, which must succeed, and return what it printed."""
        done = self.durapy("systemd", verb, *self._own, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ps(self) -> dict[str, Json]:
        """Return what the services say of themselves, those that are up."""
        done = self.durapy("ps", "--json")
        assert done.returncode == 0, done.stderr
        return {heard["service"]: heard for heard in json.loads(done.stdout) if heard["up"]}
