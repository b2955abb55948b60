"""Handlers of the pages: a page itself, the files in its folder, and its own routes."""

from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from loguru import logger
from tornado.escape import url_unescape
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.template import BaseLoader, Template
from tornado.web import Application, HTTPError

from durapy_core.errors import DurapyError
from webserver.errors import ApiError, answer_to
from webserver.handler import SiteHandler
from webserver.page_loading import Page
from webserver.page_scripts import PageScripts
from webserver.pages import ALL_PAGES, PageRequest, Pages
from webserver.security import content_policy
from webserver.static_files import StaticFile
from webserver.way_back import sign_in_url

TEMPLATES_DIR: Final = Path(__file__).parent / "templates"


class HtmlHandler(SiteHandler):
    """A handler that answers people: a stranger is shown to the sign-in page, errors are HTML."""

    def refuse_stranger(self) -> None:
        """Send somebody who has not signed in to the sign-in page."""
        if self.request.method in ("GET", "HEAD"):
            self.redirect(sign_in_url(self.request.uri or "", self.site.credentials))
        else:
            super().refuse_stranger()

    async def show(self, name: str, values: Mapping[str, Any], page: Page | None = None) -> None:
        """Answer with a template of `page`, or with one of the common ones."""
        # The token sets a cookie, so it is made here and not on another thread.
        every = {**values, "xsrf": self.xsrf_token.decode(), "static_url": self.site.static.url}
        offload = self.site.offload
        if page is None:
            html = await offload.run(lambda: render_template(None, name, every))
        else:
            call = partial(render_template, page.folder, name, every)
            html = await offload.page(call, owner=page.slug)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(html)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ARG002 (Tornado's)
        """Answer an error in words."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        answer = answer_to(error, method=str(self.request.method))
        self.set_status(answer.status)
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", self.allowed_methods())
        own_words = "" if isinstance(error, HTTPError) else answer.message
        values = {
            "status": answer.status,
            "message": own_words,
            "static_url": self.site.static.url,
        }
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(render_template(None, "error.html", values))


class PageHandler(HtmlHandler):
    """Shows a page: a built-in one under its own path, any other under /x/SLUG."""

    async def get(self) -> None:
        """Answer with the page's template."""
        site = self.site
        pages = await site.offload.page(site.pages.refresh, owner=ALL_PAGES)
        page = next((p for p in pages if p.href == self.request.path), None)
        if page is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        scripts = await site.offload.page(lambda: PageScripts(site.static, page), owner=page.slug)
        self.set_header("Content-Security-Policy", content_policy(scripts.source))
        values = {**self._values(page, pages), "scripts": scripts}
        problem = page.problem or await self._shown(page, values)
        if problem:
            self.set_status(HTTPStatus.INTERNAL_SERVER_ERROR)
            await self.show("broken.html", {**values, "problem": problem})

    head = get

    async def _shown(self, page: Page, values: Mapping[str, Any]) -> str:
        """Show a page's template and return ""; return why if the page's own code is at fault."""
        try:
            own = await self._own_values(page)
            await self.show("page.html", {**own, **values}, page)
        except FileNotFoundError as error:
            return f"{error.filename} is not there"
        except (ApiError, DurapyError, HTTPError):
            raise
        except Exception as error:  # noqa: BLE001 (a page's own code: anything may happen)
            logger.opt(exception=error).error("the page {page} is broken", page=page.slug)
            return f"{type(error).__name__}: {error}"
        return ""

    def _values(self, page: Page, pages: Iterable[Page]) -> Mapping[str, Any]:
        return {
            "page": page,
            "pages": [p for p in pages if not p.hidden],
            "rig": self.site.settings.rig_name,
            "user": self.user.name if self.user else "",
            "version": self.site.version,
            "revision": self.site.revision,
        }

    async def _own_values(self, page: Page) -> Mapping[str, Any]:
        if page.data is None or self.user is None:
            return {}
        query = {name: self.get_query_arguments(name)[-1] for name in self.request.query_arguments}
        request = PageRequest(user=self.user, query=query, engine=self.site.engine)
        data = page.data
        return await self.site.offload.page(lambda: data(request), owner=page.slug)


class PageFile(StaticFile):
    """Serves scripts, styles and pictures from a page's folder, to who has signed in."""

    open_to_all = False

    async def get(self, slug: str, name: str) -> None:  # type: ignore[override] # two groups
        """Answer with a file of a page."""
        page = self.site.pages.find(slug)
        if page is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        await self.send_file(page.folder, name)

    head = get  # type: ignore[assignment] # as above


class NothingHere(HtmlHandler):
    """Answers 404 to every address that is not in the table."""

    open_to_all = True

    def prepare(self) -> None:
        """Answer, whatever the method."""
        raise HTTPError(HTTPStatus.NOT_FOUND)


class PageRouter(Router):
    """Finds the routes that pages bring, below /x/SLUG/api/."""

    def __init__(self, application: Application, pages: Pages) -> None:
        self._application = application
        self._pages = pages

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        """Return the handler of a page's route, or None."""
        parts = request.path.split("/", 4)
        page, rest = self._pages.find(parts[2]), parts[4]
        for pattern, handler in page.routes if page else ():
            match = pattern.fullmatch(rest)
            if match:
                groups = [_unquoted(group) for group in match.groups("")]
                return self._application.get_handler_delegate(request, handler, path_args=groups)
        return None


class _Loader(BaseLoader):
    """Finds templates in a page's folder, then among the common ones; keeps none of them."""

    def __init__(self, folder: Path | None) -> None:
        super().__init__(whitespace="all")
        self._folders = [f for f in (folder, TEMPLATES_DIR) if f is not None]

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:  # noqa: ARG002 (Tornado's)
        """Return the name: it is looked for in every folder."""
        return name

    def _create_template(self, name: str) -> Template:
        for folder in self._folders:
            path = folder / name
            if path.is_file():
                return Template(path.read_bytes(), name=name, loader=self)
        raise FileNotFoundError(2, "no such template", name)


def render_template(folder: Path | None, name: str, values: Mapping[str, Any]) -> bytes:
    """Return the HTML of a template. An edited file shows at once."""
    return _Loader(folder).load(name).generate(**values)


def _unquoted(group: str) -> bytes:
    """Return a part of an address as Tornado gives it to its own handlers."""
    return url_unescape(group, encoding=None, plus=False)
