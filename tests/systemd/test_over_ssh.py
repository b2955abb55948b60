"""The manager on one computer drives the rig of another over a real SSH server."""

import pytest

from tests.support.systemd_computer import SystemdComputer, SystemdRig

pytestmark = pytest.mark.timeout(600)  # two rigs are installed from nothing before the first

KEYS = "/home/bob/.ssh"
ADA = ("--host", "ssh://ada@localhost")


@pytest.fixture(autouse=True)
def keys(computer: SystemdComputer, rig: SystemdRig) -> None:
    """Let bob log in as ada, and as himself, from a computer that he knows."""
    computer.do("rm", "-rf", KEYS)
    computer.do("mkdir", "--mode=700", KEYS, user="bob")
    computer.do(
        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{KEYS}/id_ed25519", user="bob"
    )
    for user in ("ada", "bob"):
        folder = f"/home/{user}/.ssh"
        computer.do(
            *("install", "-D", f"--owner={user}", f"--group={user}", "--mode=600"),
            *(f"{KEYS}/id_ed25519.pub", f"{folder}/authorized_keys"),
        )
        computer.do("chown", f"{user}:{user}", folder)
    know = f"ssh-keyscan -t ed25519 localhost > {KEYS}/known_hosts"
    computer.do("sh", "-c", know, user="bob")


@pytest.fixture
def bob(computer: SystemdComputer, rig_of_bob: SystemdRig) -> SystemdRig:
    """The rig from which the other one is driven."""
    return rig_of_bob


def over_ssh(bob: SystemdRig, *arguments: str) -> tuple[int, str, str]:
    done = bob.durapy("systemd", *arguments)
    return done.returncode, done.stdout, done.stderr


def test_the_units_of_another_computer_are_shown_and_driven(
    computer: SystemdComputer, bob: SystemdRig
) -> None:
    before = computer.show("durapy@ponger.service", "MainPID")

    code, out, err = over_ssh(bob, "restart", "ponger", *ADA)

    assert (code, out, err) == (0, "ponger was restarted\n", "")
    assert computer.show("durapy@ponger.service", "MainPID") not in (before, "0")
    code, out, _ = over_ssh(bob, "status", *ADA)
    assert out.count(" running ") == 4
    over_ssh(bob, "stop", "ponger", *ADA)
    assert computer.show("durapy@ponger.service", "ActiveState") == "inactive"
    over_ssh(bob, "start", "ponger", *ADA)
    assert computer.show("durapy@ponger.service", "ActiveState") == "active"


def test_a_computer_whose_key_is_not_known_is_refused(
    computer: SystemdComputer, bob: SystemdRig
) -> None:
    computer.do("rm", f"{KEYS}/known_hosts")

    code, _, err = over_ssh(bob, "status", *ADA)

    assert code == 8
    assert "ssh://ada@localhost has a host key that is not known here" in err
    assert computer.run("test", "-e", f"{KEYS}/known_hosts").returncode != 0


def test_a_computer_that_shows_another_key_is_refused(
    computer: SystemdComputer, bob: SystemdRig
) -> None:
    forge = (
        "ssh-keygen -q -t ed25519 -N '' -f other && sed 's/^/localhost /' other.pub > known_hosts"
    )
    computer.do("sh", "-c", forge, user="bob", cwd=KEYS)

    code, _, err = over_ssh(bob, "stop", "ponger", *ADA)

    assert code == 8
    assert "shows another host key than the known one" in err
    assert computer.show("durapy@ponger.service", "ActiveState") == "active"


def test_a_login_that_is_refused_is_said(computer: SystemdComputer, bob: SystemdRig) -> None:
    code, _, err = over_ssh(bob, "status", "--host", "ssh://root@localhost")

    assert code == 8
    assert "ssh://root@localhost refused the login" in err
    assert err.count("\n") == 1


def test_the_way_there_is_what_the_ssh_configuration_says(
    computer: SystemdComputer, bob: SystemdRig
) -> None:
    config = "Host rig-behind\n HostName localhost\n User ada\n ProxyJump bob@localhost\n"
    computer.do("sh", "-c", f"printf '{config}' > {KEYS}/config", user="bob")

    code, out, err = over_ssh(bob, "status", "--host", "ssh://rig-behind")

    assert (code, err) == (0, "")
    assert out.count(" running ") == 4


def test_what_looks_like_an_option_or_a_program_reaches_nobody(
    computer: SystemdComputer, bob: SystemdRig
) -> None:
    for url in ("ssh://-oProxyCommand=touch${IFS}/tmp/owned", "ssh://x;touch /tmp/owned"):
        assert over_ssh(bob, "status", "--host", url)[0] == 3
    for name in ("$(touch /tmp/owned)", "; touch /tmp/owned", "--root=/tmp", "ssh"):
        code, _, err = over_ssh(bob, "stop", *ADA, "--", name)
        assert (code, "has no service called" in err) == (8, True)
    assert "owned" not in computer.do("ls", "/tmp")  # noqa: S108 (in the container)


def test_the_buttons_of_one_computer_reach_the_services_of_another(
    computer: SystemdComputer, bob: SystemdRig
) -> None:
    bob.install(*ADA)
    computer.do("systemctl", "--user", "restart", "durapy-operations.service", user="bob")
    before = computer.show("durapy@dawdler.service", "MainPID")

    done = bob.durapy("restart", "dawdler")

    assert (done.returncode, done.stderr) == (0, "")
    assert computer.show("durapy@dawdler.service", "MainPID") not in (before, "0")


def test_a_service_of_another_computer_is_rolled_out_from_this_one(
    computer: SystemdComputer, rig: SystemdRig, bob: SystemdRig
) -> None:
    commit = rig.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "Nothing new")
    rig.git("branch", "--force", "over-there", commit)
    bob.install(*ADA)
    computer.do("systemctl", "--user", "restart", "durapy-operations.service", user="bob")

    done = bob.durapy("rollout", "dawdler", "over-there")

    assert (done.returncode, done.stderr) == (0, "")
    assert rig.ps()["dawdler"]["revision"] == commit[:7]
    assert bob.durapy("rollback", "dawdler").returncode == 0
