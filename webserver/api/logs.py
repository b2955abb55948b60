"""Logs: page through the lines that every process keeps in the store, or download them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from tornado.iostream import StreamClosedError

from durapy_core.engines.base import Engine
from durapy_core.entry import START, Cursor
from durapy_core.errors import CorruptRecordError
from durapy_core.log_entry import line_json, render_line
from durapy_core.log_search import (
    LEVELS,
    LogFilter,
    LogPage,
    least_severity,
    lines_after,
    lines_before,
    page_of,
)
from webserver.api.base import Api
from webserver.errors import ApiError

MOST_LINES: Final = 2_000
"""The longest page."""

MOST_DOWNLOADED: Final = 200_000
"""A download ends after so many lines, and says so."""

_CHUNK: Final = 1_000

Render = Callable[[dict[str, Any]], str]
_FORMATS: Final[dict[str, tuple[str, str, Render]]] = {
    "text": ("text/plain", "txt", render_line),
    "jsonl": ("application/x-ndjson", "jsonl", json.dumps),
}


class _LogApi(Api):
    """What the two have in common: the arguments that say which lines are wanted."""

    def wanted(self) -> LogFilter:
        """Return the filter in the address.

        Raises:
            ApiError: an argument is not usable.
        """
        until = self.query("until")
        return LogFilter(
            severity=read_level(self.query("level")),
            levels=read_names(self.query("levels"), allowed=LEVELS),
            services=read_names(self.query("service")),
            record=self.query("record"),
            text=self.query("text"),
            since_s=_read_time("since", self.query("since")) if self.query("since") else 0.0,
            until_s=_read_time("until", until) if until else float("inf"),
        )


class LogsApi(_LogApi):
    """`GET` pages through the lines: back from the newest, or on from a cursor."""

    async def get(self) -> None:
        """Answer with one page: newest first, or with `after` oldest first."""
        engine, wanted = self.site.engine, self.wanted()
        limit = self.number("limit", 200, least=1, most=MOST_LINES)
        before = _read_cursor(engine, "before", self.query("before"))
        after = _read_cursor(engine, "after", self.query("after"), start=True)
        if before is not None and after is not None:
            raise _bad("Give before or after, not both.")
        if after is not None:
            page = await self.site.offload.engine(lambda: _on(engine, wanted, after, limit))
            cursors = {"before": None, "after": page.next}
        else:
            page = await self.site.offload.engine(lambda: _back(engine, wanted, before, limit))
            cursors = {"before": page.next, "after": None}
        self.reply({"lines": [line_json(entry) for entry in page.entries], **cursors})


class LogsDownloadApi(_LogApi):
    """`GET` answers with all lines that fit, oldest first, as a file."""

    async def get(self) -> None:
        """Stream the file: a piece at a time, at the pace at which it is taken."""
        content_type, suffix, render = self.choice("format", "text", _FORMATS)
        engine, wanted = self.site.engine, self.wanted()
        piece = await self.site.offload.engine(lambda: _piece(engine, wanted, START))
        now = datetime.now(UTC)
        self.set_header("Content-Type", f"{content_type}; charset=UTF-8")
        self.set_header(
            "Content-Disposition",
            f'attachment; filename="logs-{now:%Y%m%d-%H%M%S}.{suffix}"',
        )
        count = 0
        try:
            while True:
                count += len(piece.entries)
                self.write("".join(f"{render(line_json(e))}\n" for e in piece.entries))
                await self.flush()
                if piece.next is None or count >= MOST_DOWNLOADED:
                    break
                start = piece.next
                piece = await self.site.offload.engine(
                    lambda start=start: _piece(engine, wanted, start)  # type: ignore[misc] # bound
                )
        except StreamClosedError:
            return
        if piece.next is not None:
            self.write(f"{render(_cut_short(count))}\n")
        self.finish()


def read_level(text: str) -> int:
    """Return how severe a line must be at least; 0 for an empty text.

    Raises:
        ApiError: no level has this name.
    """
    severity = least_severity(text) if text else 0
    if severity is None:
        raise _bad(f"level={text[:100]} is not usable; use debug, info, warning, error, critical.")
    return severity


def read_names(text: str, *, allowed: dict[str, int] | None = None) -> frozenset[str] | None:
    """Return the names in a list with commas; None for an empty text.

    Raises:
        ApiError: one of them is not allowed.
    """
    if not text:
        return None
    names = frozenset(text.split(","))
    unknown = sorted(names - set(allowed)) if allowed is not None else []
    if unknown and allowed is not None:
        raise _bad(f"levels={text[:100]} is not usable; use some of {', '.join(allowed)}.")
    return names


def _back(engine: Engine, wanted: LogFilter, before: Cursor | None, limit: int) -> LogPage:
    lines = lines_before(engine, before)
    return page_of(lines, wanted, limit=limit, ends=lambda e: e.sent_at_s < wanted.since_s)


def _on(engine: Engine, wanted: LogFilter, after: Cursor, limit: int) -> LogPage:
    lines = lines_after(engine, after)
    return page_of(lines, wanted, limit=limit, ends=lambda e: e.sent_at_s > wanted.until_s)


def _piece(engine: Engine, wanted: LogFilter, after: Cursor) -> LogPage:
    return _on(engine, wanted, after, _CHUNK)


def _cut_short(count: int) -> dict[str, Any]:
    return {
        "key": "",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "WARNING",
        "service": "webserver",
        "replica": None,
        "record": None,
        "message": f"a download ends after {count:,} lines; narrow it down with since and until",
        "fields": {},
        "exception": None,
    }


def _read_cursor(engine: Engine, name: str, text: str, *, start: bool = False) -> Cursor | None:
    if not text:
        return None
    if start and text == "start":
        return START
    try:
        engine.compare(text, text)
    except CorruptRecordError as error:
        raise _bad(f"{name}={text[:100]} is not a cursor; use the key of a line.") from error
    return Cursor(text)


def _read_time(name: str, text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise _bad(
            f"{name}={text[:100]} is not a time; write one such as 2026-11-26T08:00:00Z."
        ) from error
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _bad(message: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_request", message)
