"""The same console on a real Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.local_rig import LocalRig
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor, rows

pytestmark = pytest.mark.redis


@pytest.fixture
def rig(tmp_path: Path, redis_server: RedisServer) -> Iterator[LocalRig]:
    settings = {"engine": redis_server.unix_url, "namespace": "browser", "ping_period_s": "0.2"}
    with LocalRig(tmp_path, **settings) as rig:
        rig.start_console()
        rig.start("pinger", "ponger")
        yield rig


def test_a_session_runs_live_on_redis_and_a_foreign_program_takes_part(
    visitor: Visitor, page: Page, rig: LocalRig, redis_server: RedisServer
) -> None:
    visitor.open("/commands")
    page.get_by_label("Subject").fill("on redis")
    page.get_by_role("button", name="Send", exact=True).click()

    expect(rows(page).filter(has_text="PONG").nth(2)).to_be_visible()
    fields = {"type": "PING", "body": '{"key": "k-from-afar"}'}
    redis_server.client().xadd("durapy:{browser}:commands", fields)
    expect(rows(page).filter(has_text="PONG").filter(has_text="rafa-morf-k")).to_be_visible()

    expect(page.get_by_role("link", name="RUNNING")).to_be_visible()
    rig.end_session()
    expect(page.get_by_role("link", name="IDLE")).to_be_visible()
    expect(rows(page)).to_have_count(len(rig.records()))
