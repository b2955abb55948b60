"""Commands: send one, page through the history, look at one."""

from http import HTTPStatus
from typing import Any, Final

from durapy_core.aftermath import aftermath_json, related_json
from durapy_core.beginning import no_record
from durapy_core.engines.base import COMMANDS, Engine
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import CorruptRecordError
from durapy_core.record_json import record_json
from webserver.api.base import Api
from webserver.errors import ApiError
from webserver.history import load_page, make_filter
from webserver.sending import check_command, send_command
from webserver.site import Site

_FLAG: Final = {"0": False, "1": True, "false": False, "true": True}


class CommandsApi(Api):
    """`POST` sends a command; `GET` pages through the history, newest first."""

    async def post(self) -> None:
        """Store a command and answer with its record; with `dry_run=1` only check it."""
        dry_run = self.choice("dry_run", "0", _FLAG)
        wire_type, body = _split(self.json_body())
        if dry_run:
            await check_command(self.site, wire_type, body)
            self.reply({"valid": True})
            return
        assert self.user is not None  # noqa: S101 (prepare has refused strangers)
        key = self.request.headers.get("Idempotency-Key")
        entry = await send_command(self.site, wire_type, body, user=self.user, idempotency_key=key)
        known = await self.site.directory.known_for(entry)
        self.set_header("Location", f"{self.request.path}/{entry.key}")
        self.reply(record_json(entry, known), status=HTTPStatus.CREATED)

    async def get(self) -> None:
        """Answer with one page of records and the cursor of the next older page."""
        limit = self.number("limit", 50, least=1, most=500)
        engine = self.site.engine
        before = _cursor(engine, self.query("before"))
        problem = self.choice("problem", "0", _FLAG)
        known = (await self.site.directory.recent()).known
        wanted = make_filter(
            known,
            wire_type=self.query("type"),
            sender=self.query("sender"),
            text=self.query("text"),
            problem=problem,
        )
        page = await self.site.offload.engine(
            lambda: load_page(engine, known, before=before, limit=limit, wanted=wanted)
        )
        self.reply(page)


class CommandApi(Api):
    """`GET` answers with one record, who heard it, and what was sent because of it."""

    async def get(self, key: str) -> None:
        """Answer with the record of this key."""
        engine = self.site.engine
        entry = await _find(self.site, key)
        after = await self.site.offload.engine(lambda: aftermath_json(engine, entry))
        record = record_json(entry, (await self.site.directory.recent()).known)
        self.reply({**record, **after})


class CommandTreeApi(Api):
    """`GET` answers with what led to a record and what followed from it."""

    async def get(self, key: str) -> None:
        """Answer with the records of the tree, each after what caused it."""
        engine = self.site.engine
        entry = await _find(self.site, key)
        self.reply(await self.site.offload.engine(lambda: related_json(engine, entry)))


async def _find(site: Site, key: str) -> Entry:
    """Return the record of this key, or raise what becomes a 404."""
    entry = await site.offload.engine(lambda: site.engine.get(COMMANDS, key))
    if entry is None:
        why = await site.offload.engine(lambda: no_record(site.engine, key))
        raise ApiError(HTTPStatus.NOT_FOUND, "not_found", f"{why}.")
    return entry


def _split(body: Any) -> tuple[object, object]:
    """Return what is said to be type and body."""
    if not isinstance(body, dict):
        raise ApiError(
            HTTPStatus.BAD_REQUEST, "bad_request", 'The request is not {"type": …, "body": {…}}.'
        )
    extra = sorted(set(body) - {"type", "body"})
    if extra:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "bad_request",
            f'The request is not {{"type": …, "body": {{…}}}}: it has {extra[0][:100]!r} as well.',
        )
    return body.get("type"), body.get("body", {})


def _cursor(engine: Engine, text: str) -> Cursor | None:
    if not text:
        return None
    try:
        engine.compare(text, text)
    except CorruptRecordError as error:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "bad_request",
            f"before={text[:100]} is not a cursor; take it from the answer before.",
        ) from error
    return Cursor(text)
