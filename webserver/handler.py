"""The base class of every handler: who asks, whether they may, and which headers an answer has.

A handler that does not derive from it would be open to everybody, so pages may not bring one.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from loguru import logger
from tornado.web import HTTPError, RequestHandler

from durapy_core.errors import SettingsError
from webserver.errors import ApiError, answer_to
from webserver.limits import MAX_REQUEST_BYTES, refused_bytes
from webserver.security import HEADERS, is_same_origin

if TYPE_CHECKING:
    from webserver.site import Site  # which knows the pages, which know this class

DEFAULT_USER: Final = "user"
"""The name of whoever signed in by a link or with the token."""

_READS: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: `name` is what records show after `webserver:`."""

    name: str
    by_cookie: bool

    @property
    def sender(self) -> str:
        """The sender of what this user sends."""
        return f"webserver:{self.name}"


class SiteHandler(RequestHandler):
    """A handler that knows its site and lets in only who has signed in."""

    open_to_all = False
    """Whether it answers without a sign-in; writes are checked for their origin all the same."""

    user: User | None = None

    @property
    def site(self) -> "Site":
        """The parts of this web server."""
        return cast("Site", self.settings["site"])

    def set_default_headers(self) -> None:
        """Set what every answer carries."""
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")

    def set_cookie(self, name: str, value: str | bytes, *args: Any, **kwargs: Any) -> None:
        """Set a cookie, for HTTPS alone if the browser came that way."""
        kwargs.setdefault("secure", self.request.protocol == "https")
        super().set_cookie(name, value, *args, **kwargs)

    def prepare(self) -> None:
        """Refuse what is too large, not signed in, or sent by a foreign page, in this order."""
        self.check_size()
        self.user = self.find_user()
        if self.user is None and not self.open_to_all:
            self.refuse_stranger()
            return
        if self.request.method not in _READS and (self.user is None or self.user.by_cookie):
            self.check_write()

    def check_size(self) -> None:
        """Refuse a request whose body was too large."""
        size_bytes = refused_bytes(self.request)
        if size_bytes:
            raise ApiError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_large",
                f"The request has {size_bytes:,} bytes, the limit is {MAX_REQUEST_BYTES:,}; "
                "store the data in a file and send its path.",
            )

    def find_user(self) -> User | None:
        """Return who asks: by the bearer token if there is one, else by the cookie."""
        header = self.request.headers.get("Authorization")
        if header is not None:
            kind, _, token = header.partition(" ")
            right = kind.lower() == "bearer" and self.site.credentials.is_token(token.strip())
            return User("api", by_cookie=False) if right else None
        sessions = self.site.sessions
        signed = self.get_signed_cookie(sessions.cookie, max_age_days=sessions.hours / 24)
        session = sessions.read(signed)
        if session is None or session.password != self._password_of(session.user):
            return None
        return User(session.user, by_cookie=True)

    def _password_of(self, name: str) -> str | None:
        """Return what a session of this user must know of the password; None: nobody may be it."""
        if name == DEFAULT_USER:
            return ""
        try:
            return self.site.users.mark_of(name)
        except SettingsError as error:
            logger.error("{user} counts as signed out: {error}", user=name, error=error)
            return None

    def refuse_stranger(self) -> None:
        """Answer somebody who has not signed in."""
        self.set_header("WWW-Authenticate", "Bearer")
        raise ApiError(
            HTTPStatus.UNAUTHORIZED,
            "unauthorized",
            "Sign in, or send the header `Authorization: Bearer TOKEN` with the right token.",
        )

    def check_write(self) -> None:
        """Refuse a write that a page of another server may have caused."""
        if not is_same_origin(self.request):
            raise ApiError(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                f"The page at {self.request.headers['Origin'][:100]} may not write here.",
            )
        try:
            super().check_xsrf_cookie()
        except HTTPError as error:
            raise ApiError(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                "The header X-XSRFToken (or the field _xsrf) is missing or wrong; "
                "load the page again. Programs send a bearer token instead.",
            ) from error

    def check_xsrf_cookie(self) -> None:
        """Do nothing yet: `prepare` looks after who asks, so that a stranger gets 401."""

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what was not foreseen, with its traceback; refusals are in the access log."""
        if answer_to(value).status == HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.opt(exception=(typ, value, tb)).error(
                "{method} {path} failed", method=self.request.method, path=self.request.path
            )

    def allowed_methods(self) -> str:
        """Return the methods that this handler has, for the header Allow."""
        unset = RequestHandler._unimplemented_method  # noqa: SLF001 (Tornado has no other way)
        methods = (m for m in self.SUPPORTED_METHODS if getattr(type(self), m.lower()) is not unset)
        return ", ".join(methods)
