"""Signing in and out. A link shows a button and uses nothing up, as previews open links too."""

import asyncio
from http import HTTPStatus
from math import ceil
from typing import Final

from loguru import logger

from durapy_core.errors import SettingsError
from durapy_core.login_code import redeem
from webserver.handler import DEFAULT_USER
from webserver.page_handlers import HtmlHandler
from webserver.way_back import SIGN_IN, own_path

_WRONG_TAKES_S: Final = 0.5
_LONGEST_PASSWORD: Final = 1000
_NO_NAMES: Final = (
    "The file of users cannot be read; the log of the web server says why. "
    "The token and the links of `durapy link` sign in all the same."
)


class LoginPage(HtmlHandler):
    """`GET` shows the button of a link, or asks who it is; `POST` signs in."""

    open_to_all = True

    async def get(self) -> None:
        """Show the page."""
        await self._show(code=self.get_query_argument("code", ""))

    head = get

    async def post(self) -> None:
        """Sign in with a code, a token, or a name and its password; go to the page asked for."""
        address = str(self.request.remote_ip)
        wait_s = self.site.guesses.wait_s(address)
        if wait_s:
            self.set_status(HTTPStatus.TOO_MANY_REQUESTS)
            self.set_header("Retry-After", str(ceil(wait_s)))
            await self._show(
                problem=f"Too many wrong tries from here; try again in {ceil(wait_s)} s."
            )
            return
        self.site.guesses.count(address)
        try:
            user = await self._who()
        except Exception:
            self.site.guesses.take_back(address)
            raise
        if user is not None:
            self.site.guesses.forget(address)
            await self._sign_in(user)
            return
        async with self.site.wrong_guesses:
            await asyncio.sleep(_WRONG_TAKES_S)
        logger.warning("a sign-in from {address} failed", address=address)
        self.set_status(HTTPStatus.UNAUTHORIZED)
        await self._show(problem=self._refusal())

    async def _who(self) -> str | None:
        """Return the name of whoever this is; None if it is nobody."""
        site = self.site
        code, name = self.get_body_argument("code", ""), self.get_body_argument("name", "")
        if code:
            right = await site.offload.engine(lambda: redeem(site.engine, code))
        elif name:
            password = self.get_body_argument("password", "", strip=False)[:_LONGEST_PASSWORD]
            right = await site.offload.password(lambda: site.users.check(name, password))
            return name if right else None
        else:
            right = site.credentials.is_token(self.get_body_argument("token", ""))
        return DEFAULT_USER if right else None

    def _refusal(self) -> str:
        if self.get_body_argument("code", ""):
            return (
                "This link was used already, or is older than 10 minutes; "
                "`durapy link` prints a new one."
            )
        if self.get_body_argument("name", ""):
            return "This name and this password do not belong together."
        return "That is not the token of this rig."

    async def _sign_in(self, user: str) -> None:
        sessions, users = self.site.sessions, self.site.users
        mark = None
        if user != DEFAULT_USER:
            mark = await self.site.offload.run(lambda: users.mark_of(user))
        self.set_signed_cookie(
            sessions.cookie,
            sessions.begin(user, mark or ""),
            expires_days=sessions.hours / 24,
            httponly=True,
            samesite="Strict",
        )
        logger.info(
            "{user} signed in from {address}", user=user, address=str(self.request.remote_ip)
        )
        wanted = own_path(self.get_query_argument("next", ""))
        self.redirect(wanted, status=HTTPStatus.SEE_OTHER)

    async def _show(self, *, code: str = "", problem: str = "") -> None:
        site = self.site
        by_name = False
        try:
            by_name = bool(await site.offload.run(site.users.names))
        except SettingsError as error:
            logger.error("nobody can sign in by name: {error}", error=error)
            problem = problem or _NO_NAMES
        values = {"code": code, "problem": problem, "rig": site.settings.rig_name}
        await self.show("login.html", {**values, "by_name": by_name})


class LogoutPage(HtmlHandler):
    """`GET` offers to sign out, here or everywhere; `POST` does it."""

    async def get(self) -> None:
        """Show the page."""
        user = self.user.name if self.user else ""
        await self.show("logout.html", {"user": user, "rig": self.site.settings.rig_name})

    head = get

    async def post(self) -> None:
        """End this browser's session, or all of this user, and go to the sign-in page."""
        sessions = self.site.sessions
        if self.get_body_argument("everywhere", "") and self.user is not None:
            name = self.user.name
            await self.site.offload.run(lambda: sessions.end_all(name))
            logger.info("{user} signed out everywhere", user=name)
        else:
            signed = self.get_signed_cookie(sessions.cookie, max_age_days=sessions.hours / 24)
            await self.site.offload.run(lambda: sessions.end(signed))
        self.clear_cookie(sessions.cookie)
        self.redirect(SIGN_IN, status=HTTPStatus.SEE_OTHER)
