"""Building an image by BuildKit from a stream of files: the one place of docker-py's private calls.

docker-py's public `build` is the classic builder, which knows no cache mounts. The engine itself
runs BuildKit for `POST /build?version=2`; docker-py offers no call for it, so two private ones are
used here, and nowhere else.

Source: Docker Engine API 1.45, ImageBuild and BuildCancel.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any, Final

from durapy_core.deploy.base import Cancelled, Say
from durapy_core.errors import DeployError
from webserver.deployer.recipe import Recipe
from webserver.deployer.trace import lines_of

_BATCH_S: Final = 0.5
_LONGEST_LINE: Final = 500

Message = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An image to be built: how, and with which name and labels."""

    recipe: Recipe
    tag: str
    labels: dict[str, str]


def build_image(
    api: Any, files: IO[bytes], order: Order, *, say: Say, cancelled: Cancelled
) -> None:
    """Build an image of `files`; `say` hears batches of lines.

    Raises:
        DeployError: the build failed, or was cancelled.
    """
    build_id = secrets.token_hex(8)
    parameters = {
        "version": "2",
        "buildid": build_id,
        "t": order.tag,
        "dockerfile": order.recipe.dockerfile,
        "target": order.recipe.target,
        "rm": "1",
        "buildargs": json.dumps(order.recipe.arguments),
        "labels": json.dumps(order.labels),
    }
    messages: SimpleQueue[Message | BaseException | None] = SimpleQueue()
    Thread(target=_post, args=(api, files, parameters, messages), daemon=True).start()
    for batch in _batches(messages):
        lines = [line[:_LONGEST_LINE] for message in batch for line in _lines(message)]
        if lines:
            say(lines)
        for message in batch:
            if "error" in message:
                raise DeployError(f"the build failed: {_reason(message['error'])}")
        why = cancelled()
        if why:
            _cancel(api, build_id)
            raise DeployError(why)


def _post(
    api: Any,
    files: IO[bytes],
    parameters: dict[str, str],
    messages: "SimpleQueue[Message | BaseException | None]",
) -> None:
    """Hand the engine the files and queue what it says; None at the end."""
    try:
        response = api._post(  # noqa: SLF001 (see the head of this file)
            api._url("/build"),  # noqa: SLF001
            params=parameters,
            data=files,
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=None,
        )
        api._raise_for_status(response)  # noqa: SLF001
        for message in api._stream_helper(response, decode=True):  # noqa: SLF001
            messages.put(message)
        messages.put(None)
    except Exception as error:  # noqa: BLE001 (it is raised again, on the thread that waits)
        messages.put(error)


def _cancel(api: Any, build_id: str) -> None:
    """Ask the engine to give the build up."""
    api._post(api._url("/build/cancel"), params={"id": build_id})  # noqa: SLF001


def _batches(messages: "SimpleQueue[Message | BaseException | None]") -> Iterator[list[Message]]:
    """Yield what came within half a second each, empty if nothing did, until the end.

    Raises:
        Exception: what the thread that asks the engine met.
    """
    over = False
    while not over:
        batch: list[Message] = []
        try:
            message = messages.get(timeout=_BATCH_S)
            while message is not None:
                if isinstance(message, BaseException):
                    raise message
                batch.append(message)
                message = messages.get_nowait()
            over = True
        except Empty:
            pass
        yield batch


def _lines(message: Message) -> list[str]:
    if message.get("id") == "moby.buildkit.trace":
        return lines_of(message["aux"])
    return [message["stream"].rstrip()] if message.get("stream", "").strip() else []


def _reason(error: str) -> str:
    """Return a build's error on one line, without the path of the machinery."""
    return " ".join(error.removeprefix("failed to solve: ").split())[:300]
