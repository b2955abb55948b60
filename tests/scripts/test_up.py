"""What `scripts/up` and `scripts/venv` decide, by what they find on the PATH."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("cat", "cksum", "dirname", "env", "git", "grep", "id", "rm", "sed", "sh")

DOCKER = """\
#!/bin/sh
echo "$*" >>"$0.calls"
case "$*" in
    "version --format"*) {engine} ;;
    "compose version --short") {compose} ;;
    *"durapy link") echo "http://127.0.0.1:8080/login?code=abc" ;;
    "compose up"*) {up} ;;
esac
"""


class Computer:
    """A checkout and a PATH that holds only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.path = folder / "checkout", folder / "bin"
        shutil.copytree(ROOT / "scripts", self.checkout / "scripts")
        for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, self.checkout)
        self.path.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            if found:
                (self.path / tool).symlink_to(found)

    def add(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        program = self.path / name
        program.write_text(text)
        program.chmod(0o755)

    def add_docker(
        self, engine: str = "echo 26.1.5", compose: str = "echo 2.26.1", up: str = ":"
    ) -> None:
        """Put a `docker` on the PATH that answers with these shell commands."""
        self.add("docker", DOCKER.format(engine=engine, compose=compose, up=up))

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts."""
        return subprocess.run(
            [self.checkout / "scripts" / script, *arguments],
            env={"PATH": str(self.path), "HOME": str(self.checkout)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def docker_calls(self) -> list[str]:
        """Return how `docker` was called."""
        return (self.path / "docker.calls").read_text().splitlines()


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """A computer with neither Docker nor Python."""
    return Computer(tmp_path)


@pytest.mark.parametrize(
    ("docker", "reason"),
    [
        ({"engine": "exit 1"}, "its engine does not answer"),
        ({"engine": "echo 24.0.9"}, "Docker engine 24.0.9 is too old, 25 is needed"),
        ({"compose": "exit 1"}, "the Compose plugin of Docker is missing"),
        ({"compose": "echo v2.23.3"}, "Docker Compose v2.23.3 is too old, 2.24 is needed"),
    ],
)
def test_a_docker_that_will_not_do_is_named_and_local_offered(
    computer: Computer, docker: dict[str, str], reason: str
) -> None:
    computer.add_docker(**docker)

    done = computer.run("up")

    assert done.returncode == 1
    assert reason in done.stderr
    assert "scripts/up --local" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("engine", "compose"),
    [("25.0.0", "2.24.0"), ("26.1.5+dfsg1", "2.26.1-4"), ("29.0.0-rc.1", "v5.0.0")],
)
def test_with_docker_the_link_is_printed_once_all_is_healthy(
    computer: Computer, engine: str, compose: str
) -> None:
    computer.add_docker(engine=f"echo {engine}", compose=f"echo {compose}")

    done = computer.run("up")

    assert (done.returncode, done.stderr) == (0, "")
    assert "DuraPy is ready: http://127.0.0.1:8080/login?code=abc\n" in done.stdout
    assert "docker compose down" in done.stdout
    assert computer.docker_calls()[-2:] == [
        "compose up --build --detach --wait",
        "compose exec -T webserver durapy link",
    ]


def test_a_rig_that_does_not_come_up_is_said(computer: Computer) -> None:
    computer.add_docker(up="exit 1")

    done = computer.run("up", "--docker")

    assert done.returncode == 1
    assert "docker compose logs" in done.stderr
    assert "ready" not in done.stdout


def test_without_any_python_the_need_is_named(computer: Computer) -> None:
    done = computer.run("up")

    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_a_python_that_is_too_old_does_not_count(computer: Computer) -> None:
    computer.add("python3", "#!/bin/sh\nexit 1\n")

    done = computer.run("up", "--local")

    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_local_does_not_ask_docker(computer: Computer) -> None:
    computer.add_docker()

    computer.run("up", "--local")

    assert not (computer.path / "docker.calls").exists()


def test_an_environment_that_is_current_is_left_alone(computer: Computer) -> None:
    computer.add("uv", '#!/bin/sh\necho "$*" >>"$0.calls"\n')
    python = computer.checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)

    first, second = computer.run("venv"), computer.run("venv")
    third = computer.run("venv", "--dev")
    fourth = computer.run("venv")

    assert "Installing" in first.stdout
    assert (second.returncode, second.stdout) == (0, "")
    assert "Installing" in third.stdout
    assert (fourth.returncode, fourth.stdout) == (0, "")


def test_a_changed_pin_brings_the_environment_up_to_date(computer: Computer) -> None:
    computer.add("uv", '#!/bin/sh\necho "$*" >>"$0.calls"\n')
    python = computer.checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    computer.run("venv")

    with (computer.checkout / "requirements.txt").open("a") as pins:
        pins.write("# changed\n")

    assert "Installing" in computer.run("venv").stdout


@pytest.mark.parametrize(
    "script", ["up", "venv", "run-service", "new-service", "new-page", "check", "fix"]
)
def test_every_script_has_help(computer: Computer, script: str) -> None:
    done = computer.run(script, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout[0].isupper()


@pytest.mark.parametrize("script", ["up", "venv", "check", "fix"])
def test_an_unknown_option_is_refused(computer: Computer, script: str) -> None:
    done = computer.run(script, "--lokal")

    assert done.returncode == 1
    assert done.stderr == f"{script}: unknown option --lokal; see scripts/{script} --help\n"
