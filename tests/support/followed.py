"""A rig on which all of the tutorial was done, and what has to be true of it then."""

import json
from datetime import datetime
from typing import Any, Final

import requests

from tests.support.checkout import ROOT
from tests.support.tutorial import Walk, read_blocks

BLOCKS: Final = read_blocks((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))


class Followed:
    """A rig on which everything in the tutorial was done, and which still runs."""

    def __init__(self, walk: Walk, *, port: int, token: str) -> None:
        self.walk = walk
        self.url = f"http://127.0.0.1:{port}"
        self.token = token

    def get(self, path: str) -> requests.Response:
        """Ask the console for a page or a part of its API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(f"{self.url}{path}", headers=headers, timeout=20)
        assert answer.ok, answer.text
        return answer

    def records(self, wire_type: str) -> list[dict[str, Any]]:
        """Return all commands of a type, oldest first."""
        printed = self.walk.run(f"scripts/durapy history --json --limit 9999 --type {wire_type}")
        return [json.loads(line) for line in printed.splitlines()]

    def console_started_at(self) -> datetime:
        """Return since when the web server runs."""
        services = self.get("/api/v1/services").json()["services"]
        (console,) = (s for s in services if s["service"] == "webserver" and s["up"])
        return datetime.fromisoformat(console["started_at"])

    def judge(self) -> None:
        """Fail unless the copied service was used while the console ran on, and its page shows."""
        asked, given = self.records("REWARD"), self.records("REWARD_DONE")
        first = self.records("INITIATE_SESSION")[0]

        assert asked[0]["body"] == {"amount": 2.5, "note": "first try"}
        assert given[0]["body"] == {"amount": 2.5}
        assert given[0]["cause"] == asked[0]["key"]
        assert {"amount": 0.5} in [record["body"] for record in given[1:]]
        assert self.console_started_at() < datetime.fromisoformat(first["sent_at"])
        assert 'id="give"' in self.get("/x/rewards").text
