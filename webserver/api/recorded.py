"""Recorded files, for pages: what a folder holds, and one of its files, whatever a name may say.

A folder of recordings may lie on a disk that hangs, and a name comes from whoever asks. So names
are looked for below the folder only, and files are read on threads that nothing else needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path
from typing import BinaryIO, Final, TypeVar
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from webserver.api.base import Api
from webserver.errors import ApiError
from webserver.static_files import find_below

T = TypeVar("T")

_PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFile:
    """One file of a folder: its name from there, its size, when it was changed last (UTC)."""

    name: str
    size_bytes: int
    changed_at: datetime


def list_recorded(folder: Path, pattern: str = "*", *, limit: int = 200) -> list[RecordedFile]:
    """Return the newest files of a folder that match a pattern such as `*.csv`, newest first.

    `**/*.csv` looks into folders inside as well. Hidden files are left out, and links that lead
    out of the folder.

    Raises:
        OSError: the folder cannot be read.
    """
    next(folder.iterdir(), None)  # a pattern finds nothing in a folder that is not there
    names = (path.relative_to(folder).as_posix() for path in folder.glob(pattern))
    found = (file for name in names if (file := _described(folder, name)))
    return nlargest(limit, found, key=lambda file: (file.changed_at, file.name))


def find_recorded(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder.

    Raises:
        ApiError: there is none: 404.
    """
    path = find_below(folder, name)
    if path is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND, "not_found", f"No recorded file is called {name[:200]!r}."
        )
    return path


class RecordedApi(Api):
    """A route of a page that reads recorded files."""

    async def on_thread(self, call: Callable[[], T]) -> T:
        """Return what `call` returns; the console goes on meanwhile.

        Raises:
            TimeoutError: it took too long, see `Offload.page`.
        """
        slug = self.request.path.split("/", 3)[2]  # /x/SLUG/api/…
        return await self.site.offload.page(call, owner=slug)

    async def send_recorded(self, folder: Path, name: str) -> None:
        """Answer with a file of a folder as a download, in pieces: it may be larger than memory.

        Raises:
            ApiError: there is no such file: 404.
        """
        file = await self.on_thread(lambda: find_recorded(folder, name).open("rb"))
        try:
            await self._send(file, Path(name).name)
        except StreamClosedError:
            return
        finally:
            file.close()
        self.finish()

    async def _send(self, file: BinaryIO, name: str) -> None:
        left = file.seek(0, 2)
        file.seek(0)
        self.set_header("Content-Type", guess_type(name)[0] or "application/octet-stream")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, '')}")
        self.set_header("Content-Length", str(left))
        while left > 0:
            size = min(left, _PIECE_BYTES)
            piece = await self.on_thread(lambda size=size: file.read(size))  # type: ignore[misc] # bound
            if not piece:
                raise OSError(f"{name} became shorter while it was sent")
            left -= len(piece)
            self.write(piece)
            await self.flush()


def _described(folder: Path, name: str) -> RecordedFile | None:
    path = find_below(folder, name)
    if path is None:
        return None
    try:
        stat = path.stat()
    except OSError:  # removed since
        return None
    changed_at = datetime.fromtimestamp(stat.st_mtime, UTC)
    return RecordedFile(name=name, size_bytes=stat.st_size, changed_at=changed_at)
