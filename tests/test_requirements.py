"""A test whose part is missing is listed by name, and fails where the part is required."""

import subprocess
import sys

import pytest

from durapy_core.settings import child_environment

NEEDS_REDIS = (
    "tests/durapy_core/engines/test_open_engine.py::test_a_wrong_database_is_a_wrong_setting"
)


@pytest.mark.parametrize(
    ("required", "code", "says"),
    [
        ("", 0, f"{NEEDS_REDIS}: Skipped: redis is missing: no redis-server in PATH"),
        ("docker, redis", 1, "redis is required here and missing: no redis-server in PATH"),
    ],
)
def test_a_missing_part_is_named(required: str, code: int, says: str) -> None:
    environment = child_environment(PATH="/nowhere", DURAPY_TEST_REQUIRE=required)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", NEEDS_REDIS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == code, run.stdout
    assert says in run.stdout
