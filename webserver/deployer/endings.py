"""How the process of a container ended, also when Docker has started it again since."""

import time
from typing import Any

from docker.models.containers import Container


def how_it_ended(container: Container) -> str | None:
    """Return in words how a container's process ended since somebody started it; None if it runs.

    As of the last `reload` of the container.
    """
    state = container.attrs["State"]
    if state["Restarting"] or (not state["Running"] and state["Status"] != "created"):
        return _with(state["ExitCode"])
    if container.attrs["RestartCount"] > 0:
        code = _last_exit_code(container)
        return "ended and was started again" if code is None else _with(code)
    return None


def _with(code: object) -> str:
    return f"ended with exit code {code}"


def _last_exit_code(container: Container) -> str | None:
    """Return the code from Docker's events: the container's state is that of the run since then.

    None if Docker does not know it any more: it keeps the last 256 events of all containers.
    """
    client: Any = container.client  # its types know whole seconds only: what just happened is later
    events = client.api.events(
        since=1,
        until=f"{time.time():.6f}",
        filters={"type": "container", "container": container.id, "event": "die"},
        decode=True,
    )
    codes = [event["Actor"]["Attributes"].get("exitCode") for event in events]
    return codes[-1] if codes else None
