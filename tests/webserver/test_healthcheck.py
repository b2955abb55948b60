"""The health check of the console's container in docker-compose.yml, against a real console."""

import subprocess
from pathlib import Path

import yaml

from durapy_core.engines.memory import MemoryEngine
from durapy_core.settings import child_environment
from tests.support.certificates import make_certificate
from tests.support.checkout import ROOT
from tests.support.console import LIMIT_S, Console, run_console


def is_healthy(console: Console, certificate: str = "") -> bool:
    """Return what the container's engine would be told."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    test: list[str] = compose["services"]["webserver"]["healthcheck"]["test"]
    port = console.url.rpartition(":")[2]
    done = subprocess.run(
        [word.replace("$$", "$") for word in test[1:]],
        env=child_environment(DURAPY_PORT=port, DURAPY_TLS_CERT_FILE=certificate),
        check=False,
        capture_output=True,
        timeout=LIMIT_S,
    )
    return done.returncode == 0


def test_a_console_that_speaks_http_is_healthy_until_it_ends(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console:
        assert is_healthy(console)
    assert not is_healthy(console)


def test_a_console_that_speaks_https_is_healthy_until_it_ends(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    files = make_certificate(tmp_path)

    with run_console(engine, tmp_path, ca=files.ca, **files.settings) as console:
        assert is_healthy(console, str(files.cert))
    assert not is_healthy(console, str(files.cert))
