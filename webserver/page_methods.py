"""Plain methods of a page's handlers, on threads: they may wait for anything, and hold up nobody.

All browsers are answered by one thread. A page's `def get` that reads a slow disk would keep STOP
from being heard, so it runs elsewhere, and what it has to say is sent once it has returned. An
`async def get` runs among the others, and says `await self.on_thread(…)` where it would wait.
"""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from threading import get_ident
from typing import Any, Final

from tornado.web import RequestHandler

from webserver.handler import SiteHandler

_METHODS: Final = tuple(method.lower() for method in RequestHandler.SUPPORTED_METHODS)


def on_threads(handler: type[SiteHandler], *, owner: str) -> type[SiteHandler]:
    """Return a handler like this one of a page, `owner`, whose plain methods run on its threads."""
    unset = RequestHandler._unimplemented_method  # noqa: SLF001 (Tornado has no other way)
    plain = {
        name: _aside(method, owner)
        for name in _METHODS
        if (method := getattr(handler, name)) is not unset and not iscoroutinefunction(method)
    }
    return type(handler.__name__, (_Aside, handler), plain) if plain else handler


class _Aside(SiteHandler):
    """Keeps an end that is said on another thread until the method has returned."""

    _runs_on = 0
    _end: tuple[Any, ...] | None = None

    def finish(self, chunk: Any = None) -> Any:
        """End the answer: now, or once the method has returned."""
        if not self._runs_on or get_ident() == self._runs_on:
            return super().finish(chunk)
        self._end = (chunk,)
        return None


def _aside(method: Callable[..., Any], owner: str) -> Callable[..., Any]:
    @wraps(method)
    async def answer(self: _Aside, *args: Any, **kwargs: Any) -> None:
        self._runs_on = get_ident()
        await self.site.offload.page(lambda: method(self, *args, **kwargs), owner=owner)
        if self._end is not None:
            self.finish(*self._end)

    return answer
