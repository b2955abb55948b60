"""Pages: each is a folder with page.py, page.html and page.js, found by being there.

Built-in pages enter by the same door as an experimenter's, who puts a folder beside them or into
`DURAPY_PAGES_DIR`. A leading underscore hides a folder. A page whose page.py fails, or never ends,
is shown with one line on that in its place, and breaks nothing else.

page.py may define:

    title = "Ping-pong"            shown in the rail; without it the folder's name
    icon = "chart"                 an icon of templates/icons.svg
    order = 50                     where in the rail, lowest first
    slug = "pingpong"              the address, /x/SLUG; without it the folder's name
    hidden = True                  not in the rail
    handlers = [(r"rates", Rates)] own routes below /x/SLUG/api/; classes derived from `Api`, or
                                   from `RecordedApi` if they read files
    listeners = [("PONG", heard)]  heard(body, record) is called for each such command, "*" for
                                   every one, from the first look at the page on; see
                                   `page_listening`
    def data(request): …           what page.html gets beside the usual, see `PageRequest`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from loguru import logger

from durapy_core.engines.base import Engine
from webserver.handler import User
from webserver.page_loading import BUILT_IN_DIR, Loading, Page

ALL_PAGES: Final = "*"
"""Who owns the threads on which pages are looked for: no page has this slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """What a page's `data` function is told.

    Attributes:
        user: who asks.
        query: the arguments in the address; of several with one name the last.
        engine: the store. The function runs on a thread, so it may read it, and files.
    """

    user: User
    query: Mapping[str, str]
    engine: Engine


class Pages:
    """The pages of a web server. `refresh` looks for new, changed and removed folders."""

    def __init__(self, extra_dir: Path | None = None) -> None:
        self._roots = [root for root in (BUILT_IN_DIR, extra_dir) if root is not None]
        self._lock = Lock()
        self._loadings: dict[Path, Loading] = {}
        self._pages: tuple[Page, ...] = ()
        self._doubles: frozenset[Path] = frozenset()

    def refresh(self) -> tuple[Page, ...]:
        """Return the pages as they are now, in the order of the rail.

        Reads files, and waits PATIENCE_S at most for what was added or changed.
        """
        with self._lock:
            known = self._loadings
            self._loadings = {f: _current(f, known.get(f)) for f in self._folders()}
            found = [loading.page() for loading in self._loadings.values()]
            by_slug: dict[str, Page] = {}
            for page in found:
                by_slug.setdefault(page.slug, page)
            self._report_doubles([p for p in found if by_slug[p.slug] is not p])
            self._pages = tuple(sorted(by_slug.values(), key=lambda p: (p.order, p.title)))
            return self._pages

    @property
    def found(self) -> tuple[Page, ...]:
        """The pages as last found."""
        return self._pages

    def find(self, slug: str) -> Page | None:
        """Return the page with this slug as last found, or None."""
        return next((page for page in self._pages if page.slug == slug), None)

    def _report_doubles(self, doubles: list[Page]) -> None:
        for page in doubles:
            if page.folder not in self._doubles:
                logger.error(
                    "the page {folder} is left out: another has the slug {slug}",
                    folder=str(page.folder),
                    slug=page.slug,
                )
        self._doubles = frozenset(page.folder for page in doubles)

    def _folders(self) -> list[Path]:
        folders: list[Path] = []
        for root in self._roots:
            try:
                inside = sorted(root.iterdir())
            except OSError as error:
                logger.error(
                    "the folder of pages {root} cannot be read: {e}", root=str(root), e=error
                )
                continue
            folders += [f for f in inside if not f.name.startswith(("_", "."))]
        return [folder for folder in folders if _is_page(folder)]


def _is_page(folder: Path) -> bool:
    try:
        return (folder / "page.py").is_file()
    except OSError:  # it may not be looked into: its loading says so
        return True


def _current(folder: Path, known: Loading | None) -> Loading:
    try:
        stat = (folder / "page.py").stat()
        stamp = (stat.st_mtime_ns, stat.st_ctime_ns)  # the second moves when it may be read at last
    except OSError:
        stamp = (0, 0)
    return known if known is not None and known.stamp == stamp else Loading(folder, stamp)
