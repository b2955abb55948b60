"""A page.py on its way in: imported, and read into a `Page`.

It is somebody's own code and may raise anything, or wait for a disk, a camera or a server that does
not answer. So it runs on a thread of its own, and a page that does not come is shown as that.
"""

import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from webserver.handler import SiteHandler
from webserver.page_methods import on_threads

if TYPE_CHECKING:
    from webserver.pages import PageRequest  # which knows this file

BUILT_IN_DIR: Final = Path(__file__).parent / "pages"

PATIENCE_S: Final = 2.0
"""So long the console waits for a page.py before it goes on without that page."""

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")

Route = tuple[re.Pattern[str], type[SiteHandler]]
Listener = tuple[str, Callable[[Any, dict[str, Any]], object]]

ALL_TYPES: Final = "*"
"""In the place of a wire type: every command."""


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
    data: Callable[["PageRequest"], Mapping[str, Any]] | None = None
    listeners: tuple[Listener, ...] = ()
    problem: str | None = None


class Loading:
    """The page of a folder, from the moment at which its loading begins.

    Attributes:
        stamp: when its page.py, and who may read it, was changed last.
    """

    def __init__(self, folder: Path, stamp: tuple[int, int]) -> None:
        self.stamp = stamp
        self._folder = folder
        self._until_s = time.monotonic() + PATIENCE_S
        self._page: Page | None = None
        self._loaded = Event()
        Thread(target=self._load, name=f"page {folder.name}", daemon=True).start()

    def page(self) -> Page:
        """Return the page, waiting until PATIENCE_S after the beginning; then one that says so."""
        self._loaded.wait(max(0.0, self._until_s - time.monotonic()))
        return self._page or _broken(
            self._folder,
            f"{self._folder.name}/page.py has not come to its end yet. Load the page again; if "
            "that goes on, it waits for something while it is imported: do that in `data`",
        )

    def _load(self) -> None:
        try:
            self._page = _read_page(_import(self._folder), self._folder)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a page's own code: anything may happen)
            logger.opt(exception=error).error("the page {page} is broken", page=self._folder.name)
            what = f"{self._folder.name}/page.py: {type(error).__name__}: {error}"
            self._page = _broken(self._folder, what)
        finally:
            self._loaded.set()


def _broken(folder: Path, problem: str) -> Page:
    slug = folder.name if _SLUG.fullmatch(folder.name) else "broken"
    return Page(
        slug=slug,
        title=folder.name,
        icon="page",
        href=f"/x/{slug}",
        builtin=False,
        folder=folder,
        problem=problem,
    )


class _Loader(SourceFileLoader):
    """Writes no bytecode: an edit within the same second would go unnoticed by it."""

    def set_data(self, *_: object, **__: object) -> None:
        """Write nothing."""


def _import(folder: Path) -> ModuleType:
    name, path = f"durapy_page_{folder.name}", str(folder / "page.py")
    spec = spec_from_file_location(name, path, loader=_Loader(name, path))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = module_from_spec(spec)
    sys.modules[name] = module  # as any import does: dataclasses look there for their module
    spec.loader.exec_module(module)
    return module


def _read_page(module: ModuleType, folder: Path) -> Page:
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
        routes=tuple(_read_route(slug, *route) for route in getattr(module, "handlers", ())),
        data=data,
        listeners=tuple(_read_listener(*one) for one in getattr(module, "listeners", ())),
    )


def _read_route(slug: str, pattern: str, handler: object, *_: object) -> Route:
    if not (isinstance(handler, type) and issubclass(handler, SiteHandler)):
        raise TypeError(
            f"the handler of {pattern!r} is not derived from webserver.api.base.Api; "
            "without that everybody could use it"
        )
    return re.compile(pattern), on_threads(handler, owner=slug)


def _read_listener(wire_type: str, listener: object, *_: object) -> Listener:
    if not callable(listener):
        raise TypeError(f"the listener of {wire_type!r} is not a function")
    return wire_type, listener
