"""What a test needs from outside, and what happens when it is not there.

On a laptop such a test is skipped, and the end of the run lists it by name. Where everything must
run, `DURAPY_TEST_REQUIRE=docker,redis,browser,disk,faketime,nginx` turns a missing part into a
failure.
"""

import os
from typing import Literal, NoReturn

import pytest

Part = Literal["docker", "redis", "browser", "disk", "faketime", "nginx"]


def missing(part: Part, why: str) -> NoReturn:
    """Skip the test that needs `part`, or fail it where the part is required."""
    if part in required_parts():
        pytest.fail(f"{part} is required here and missing: {why}", pytrace=False)
    pytest.skip(f"{part} is missing: {why}")


def required_parts() -> set[str]:
    """Return the parts that must be there."""
    listed = os.environ.get("DURAPY_TEST_REQUIRE", "")  # noqa: TID251 (a switch of the tests alone)
    return {part.strip() for part in listed.split(",") if part.strip()}
