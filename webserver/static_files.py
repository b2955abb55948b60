"""Files for browsers: styles, scripts, fonts, and what lies in a page's folder.

Every file has an ETag of its content and is asked for anew; one that is named with its hash
(`static_url`, `page_scripts`) is kept by the browser for good.
"""

import gzip
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, Final

from tornado.web import HTTPError

from webserver.errors import answer_to
from webserver.handler import SiteHandler

STATIC_DIR: Final = Path(__file__).parent / "static"

MIME_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What is served; a file with any other ending is not there."""

_COMPRESSED: Final = (".css", ".js", ".json", ".mjs", ".svg", ".txt", ".wasm")
_WORTH_COMPRESSING: Final = 1024
_MOST_KEPT_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFile:
    """A file as it goes out: `digest` is of its content, `packed` is None if not worth it."""

    content: bytes
    packed: bytes | None
    digest: str
    mime_type: str
    stamp: tuple[int, int]


class StaticFiles:
    """Reads files below some folder, and keeps each until it changes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Path, ServedFile] = {}
        self._kept_bytes = 0

    def load(self, root: Path, name: str) -> ServedFile | None:
        """Return a file below `root`, or None if it is not there or not to be served."""
        path = find_file(root, name)
        if path is None:
            return None
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            with self._lock:
                kept = self._kept.get(path)
            if kept is None or kept.stamp != stamp:
                kept = _read(path, stamp)
                self._keep(path, kept)
        except OSError:
            return None
        return kept

    def url(self, name: str) -> str:
        """Return the address of a static file with the hash of its content."""
        file = self.load(STATIC_DIR, name)
        return f"/static/{name}?v={file.digest}" if file else f"/static/{name}"

    def _keep(self, path: Path, file: ServedFile) -> None:
        with self._lock:
            if self._kept_bytes > _MOST_KEPT_BYTES:
                self._kept, self._kept_bytes = {}, 0
            self._kept[path] = file
            self._kept_bytes += len(file.content)


class StaticFile(SiteHandler):
    """Serves `webserver/static`, to everybody: the sign-in page needs it."""

    open_to_all = True

    async def get(self, name: str) -> None:
        """Answer with a file."""
        await self.send_file(STATIC_DIR, name)

    head = get

    async def send_file(self, root: Path, name: str) -> None:
        """Answer with the file `name` below `root`, or 404."""
        file = await self.site.offload.run(lambda: self.site.static.load(root, name))
        if file is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        known = self.get_query_argument("v", "") == file.digest
        whose = "public" if self.open_to_all else "private"
        kept_for = f"{whose}, max-age=31536000, immutable" if known else "no-cache"
        packed = file.packed is not None and _takes_gzip(self.request.headers)
        self.set_header("Cache-Control", kept_for)
        self.set_header("Content-Type", file.mime_type)
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("Etag", f'"{file.digest}{"-gz" if packed else ""}"')
        if self.check_etag_header():
            self.set_status(HTTPStatus.NOT_MODIFIED)
            self.finish()
            return
        if packed:
            self.set_header("Content-Encoding", "gzip")
        self.finish(file.packed if packed and file.packed is not None else file.content)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ARG002 (Tornado's)
        """Answer an error in one line of text."""
        answer = answer_to(kwargs.get("exc_info", (None, None, None))[1])
        self.set_status(answer.status)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(f"{answer.message}\n")

    def compute_etag(self) -> None:
        """Return nothing: `send_file` has set it."""


def find_file(root: Path, name: str) -> Path | None:
    """Return the path of a file below `root` that browsers may have, or None."""
    return find_below(root, name) if Path(name).suffix in MIME_TYPES else None


def find_below(root: Path, name: str) -> Path | None:
    """Return the path of a file that lies below `root`, wherever links and dots would lead.

    None if there is none, or if it or a folder on the way is hidden.
    """
    if "\0" in name or "\\" in name:
        return None
    if any(part.startswith(".") for part in name.split("/")):
        return None
    try:
        base = root.resolve()
        path = (base / name).resolve()
        inside = path.is_relative_to(base) and path.is_file()
    except (OSError, ValueError):
        return None
    return path if inside else None


def _read(path: Path, stamp: tuple[int, int]) -> ServedFile:
    content = path.read_bytes()
    packed = None
    if path.suffix in _COMPRESSED and len(content) >= _WORTH_COMPRESSING:
        packed = gzip.compress(content, mtime=0)
    return ServedFile(
        content=content,
        packed=packed,
        digest=sha256(content).hexdigest()[:16],
        mime_type=MIME_TYPES[path.suffix],
        stamp=stamp,
    )


def _takes_gzip(headers: object) -> bool:
    accepted = headers.get("Accept-Encoding", "")  # type: ignore[attr-defined] # HTTPHeaders
    return any(part.split(";")[0].strip() == "gzip" for part in accepted.split(","))
