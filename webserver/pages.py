"""Pages: each is a folder with page.py, page.html and page.js, found by being there.

Built-in pages enter by the same door as an experimenter's, who puts a folder beside them or into
`DURAPY_PAGES_DIR`. A leading underscore hides a folder. A page whose page.py fails is shown with
that one line in its place, and breaks nothing else.

page.py may define:

    title = "Ping-pong"            shown in the rail; without it the folder's name
    icon = "chart"                 an icon of templates/icons.svg
    order = 50                     where in the rail, lowest first
    slug = "pingpong"              the address, /x/SLUG; without it the folder's name
    hidden = True                  not in the rail
    handlers = [(r"rates", Rates)] own routes below /x/SLUG/api/; classes derived from `Api`, or
                                   from `RecordedApi` if they read files
    def data(request): …           what page.html gets beside the usual, see `PageRequest`
"""

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, Final

from loguru import logger

from durapy_core.engines.base import Engine
from webserver.handler import SiteHandler, User

BUILT_IN_DIR: Final = Path(__file__).parent / "pages"

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")

Route = tuple[re.Pattern[str], type[SiteHandler]]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it was found. `problem` is why it cannot be shown, or None."""

    slug: str
    title: str
    icon: str
    href: str
    builtin: bool
    folder: Path
    order: float = 100.0
    hidden: bool = False
    routes: tuple[Route, ...] = ()
    data: Callable[[PageRequest], Mapping[str, Any]] | None = None
    problem: str | None = None
    stamp: int = field(default=0, compare=False)


class Pages:
    """The pages of a web server. `refresh` looks for new, changed and removed folders."""

    def __init__(self, extra_dir: Path | None = None) -> None:
        self._roots = [root for root in (BUILT_IN_DIR, extra_dir) if root is not None]
        self._lock = Lock()
        self._pages: tuple[Page, ...] = ()
        self._doubles: frozenset[Path] = frozenset()

    def refresh(self) -> tuple[Page, ...]:
        """Return the pages as they are now, in the order of the rail; reads files."""
        with self._lock:
            known = {page.folder: page for page in self._pages}
            found = [_current(folder, known.get(folder)) for folder in self._folders()]
            by_slug: dict[str, Page] = {}
            for page in found:
                by_slug.setdefault(page.slug, page)
            self._report_doubles([p for p in found if by_slug[p.slug] is not p])
            self._pages = tuple(sorted(by_slug.values(), key=lambda p: (p.order, p.title)))
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
            folders += [f for f in inside if not f.name.startswith(("_", ".")) and f.is_dir()]
        return [folder for folder in folders if (folder / "page.py").is_file()]


def _current(folder: Path, known: Page | None) -> Page:
    try:
        stamp = (folder / "page.py").stat().st_mtime_ns
    except OSError:
        stamp = 0
    return known if known is not None and known.stamp == stamp else _load(folder, stamp)


def _load(folder: Path, stamp: int) -> Page:
    try:
        return _read_page(_import(folder), folder, stamp)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a page's own code: anything may happen)
        logger.opt(exception=error).error("the page {page} is broken", page=folder.name)
        slug = folder.name if _SLUG.fullmatch(folder.name) else "broken"
        return Page(
            slug=slug,
            title=folder.name,
            icon="page",
            href=f"/x/{slug}",
            builtin=False,
            folder=folder,
            problem=f"{folder.name}/page.py: {type(error).__name__}: {error}",
            stamp=stamp,
        )


class _Loader(SourceFileLoader):
    """Writes no bytecode: an edit within the same second would go unnoticed by it."""

    def set_data(self, *_: object, **__: object) -> None:
        """Write nothing."""


def _import(folder: Path) -> ModuleType:
    name, path = f"durapy_page_{folder.name}", str(folder / "page.py")
    spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, path))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as any import does: dataclasses look there for their module
    spec.loader.exec_module(module)
    return module


def _read_page(module: ModuleType, folder: Path, stamp: int) -> Page:
    slug = str(getattr(module, "slug", folder.name))
    if not _SLUG.fullmatch(slug):
        raise ValueError(f"slug = {slug!r} is not usable; use lower-case letters, digits, - and _")
    data = getattr(module, "data", None)
    if data is not None and not callable(data):
        raise TypeError("data is not a function")
    path = getattr(module, "path", None) if folder.parent == BUILT_IN_DIR else None
    return Page(
        slug=slug,
        title=str(getattr(module, "title", folder.name)),
        icon=str(getattr(module, "icon", "page")),
        href=str(path or f"/x/{slug}"),
        builtin=path is not None,
        folder=folder,
        order=float(getattr(module, "order", 100)),
        hidden=bool(getattr(module, "hidden", False)),
        routes=tuple(_read_route(*route) for route in getattr(module, "handlers", ())),
        data=data,
        stamp=stamp,
    )


def _read_route(pattern: str, handler: object, *_: object) -> Route:
    if not (isinstance(handler, type) and issubclass(handler, SiteHandler)):
        raise TypeError(
            f"the handler of {pattern!r} is not derived from webserver.api.base.Api; "
            "without that everybody could use it"
        )
    return re.compile(pattern), handler
