import json
import shlex
import sys
import time
from pathlib import Path

import pytest

from durapy_core.deploy.hosts import LocalHost, SshHost, open_host
from durapy_core.errors import DeployError, ManagerUnavailableError, SettingsError
from tests.support.waiting import wait_for

SHOW_ARGUMENTS = "import json, sys; print(json.dumps(sys.argv[1:]))"
ODD = [
    "two words",
    "$(touch x)",
    "; touch x",
    "`x`",
    "it's",
    '"',
    "\\",
    "*",
    "-oProxyCommand=x",
    "",
]


class ShellHost(SshHost):
    """Another computer as `ssh` meets it: what it is given last passes a shell over there."""

    def __init__(self) -> None:
        super().__init__("ssh://ada@rig")
        self._ssh = ("sh", "-c", 'eval "$1"', "sshd")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "url",
    [
        *("ssh://-oProxyCommand=touch%20x", "ssh://-oProxyCommand=x@rig", "ssh://a@-oX=y"),
        *("ssh://a b@rig", "ssh://rig;touch x", "ssh://rig/x", "ssh://$(x)", "ssh://ri\ng"),
        *("ssh://", "ssh://@rig", "ssh://rig:", "ssh://rig:0x16", "ssh://rig:70000", "ssh://a:b@c"),
        *("rig", "-oProxyCommand=x", "", " ssh://rig", "ssh://rig ", "http://rig", "ssh://rig-"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="names no computer; write ssh://USER@HOST"):
        SshHost(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ssh://rig", ["--", "rig"]),
        ("ssh://ada@rig.lab.example.org", ["-l", "ada", "--", "rig.lab.example.org"]),
        ("ssh://ada@rig_2:2222", ["-l", "ada", "-p", "2222", "--", "rig_2"]),
        ("ssh://ada@[fe80::1]:22", ["-l", "ada", "-p", "22", "--", "fe80::1"]),
    ],
)
def test_an_address_becomes_words_behind_which_no_option_can_stand(
    url: str, words: list[str]
) -> None:
    argv = SshHost(url)._ssh

    assert list(argv[-len(words) :]) == words
    assert "BatchMode=yes" in argv
    assert not any("StrictHostKeyChecking" in word for word in argv)


def test_no_address_means_this_computer() -> None:
    assert open_host(None).name == "this computer"


@pytest.mark.parametrize("host", [LocalHost(), ShellHost()], ids=["here", "through a shell"])
def test_arguments_arrive_as_they_are(host: LocalHost | SshHost, tmp_path: Path) -> None:
    done = host.run(sys.executable, "-c", SHOW_ARGUMENTS, *ODD)

    assert done.code == 0, done.err
    assert json.loads(done.out) == ODD
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("host", [LocalHost(), ShellHost()], ids=["here", "through a shell"])
def test_a_program_that_is_not_there_is_named(host: LocalHost | SshHost) -> None:
    with pytest.raises(ManagerUnavailableError, match="no program no-such-program"):
        host.run("no-such-program")


def test_a_program_that_does_not_end_is_given_up() -> None:
    with pytest.raises(DeployError, match="did not finish `sleep` within"):
        LocalHost().run("sleep", "60", limit_s=0.2)


def test_the_lines_of_a_long_program_come_one_by_one() -> None:
    lines: list[str] = []

    code = LocalHost().stream(
        *("sh", "-c", "echo one; echo two >&2; exit 3"),
        say=lines.extend,
        cancelled=lambda: None,
    )

    assert (code, lines) == (3, ["one", "two"])


def test_a_long_program_is_ended_when_it_is_cancelled() -> None:
    with pytest.raises(DeployError, match="nobody wants it"):
        LocalHost().stream("sleep", "600", say=lambda _: None, cancelled=lambda: "nobody wants it")


def has_ended(pid: str) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_long_program_that_is_cancelled_takes_along_what_it_started() -> None:
    said: list[str] = []
    began_s = time.monotonic()

    with pytest.raises(DeployError, match="nobody wants it"):
        LocalHost().stream(
            *("sh", "-c", "sleep 600 & echo $!; wait"),
            say=said.extend,
            cancelled=lambda: "nobody wants it" if said else None,
        )

    assert time.monotonic() - began_s < 60
    wait_for(lambda: has_ended(said[0]), "the end of what it had started")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Host key verification failed.", "has a host key that is not known here"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
         "shows another host key than the known one"),
        ("ada@rig: Permission denied (publickey).", "refused the login"),
        ("ssh: Could not resolve hostname rig: Name or service not known", "is not known under"),
        ("ssh: connect to host rig port 22: Connection refused", "does not answer: ssh: connect"),
        ("", "does not answer: ssh ended without a word"),
    ],
)  # fmt: skip
def test_why_ssh_failed_is_one_line(said: str, reason: str) -> None:
    host = ShellHost()
    host._ssh = ("sh", "-c", f"echo {shlex.quote(said)} >&2; exit 255", "sshd")

    with pytest.raises(ManagerUnavailableError, match=reason) as caught:
        host.run("true")
    assert "\n" not in str(caught.value)
