"""Signing in and out. A link shows a button and uses nothing up, as previews open links too."""

import asyncio
from http import HTTPStatus
from typing import Final

from loguru import logger

from durapy_core.login_code import redeem
from webserver.handler import SESSION_COOKIE, SESSION_DAYS
from webserver.page_handlers import HtmlHandler

_WRONG_TAKES_S: Final = 0.5


class LoginPage(HtmlHandler):
    """`GET` shows the button of a link, or asks for the token; `POST` signs in."""

    open_to_all = True

    async def get(self) -> None:
        """Show the page."""
        await self._show(code=self.get_query_argument("code", ""))

    head = get

    async def post(self) -> None:
        """Sign in with a code or a token, and go to the dashboard."""
        code = self.get_body_argument("code", "")
        token = self.get_body_argument("token", "")
        if code:
            engine = self.site.engine
            right = await self.site.offload.engine(lambda: redeem(engine, code))
        else:
            right = self.site.credentials.is_token(token)
        if right:
            self._sign_in()
            return
        async with self.site.wrong_guesses:
            await asyncio.sleep(_WRONG_TAKES_S)
        logger.warning("a sign-in from {address} failed", address=self.request.remote_ip)
        self.set_status(HTTPStatus.UNAUTHORIZED)
        await self._show(
            problem=(
                "This link was used already, or is older than 10 minutes; "
                "`durapy link` prints a new one."
                if code
                else "That is not the token of this rig."
            )
        )

    def _sign_in(self) -> None:
        self.set_signed_cookie(
            SESSION_COOKIE,
            "user",
            expires_days=SESSION_DAYS,
            httponly=True,
            samesite="Strict",
            secure=self.request.protocol == "https",
        )
        logger.info("somebody signed in from {address}", address=self.request.remote_ip)
        self.redirect("/", status=HTTPStatus.SEE_OTHER)

    async def _show(self, *, code: str = "", problem: str = "") -> None:
        rig = self.site.settings.rig_name
        await self.show("login.html", {"code": code, "problem": problem, "rig": rig})


class LogoutPage(HtmlHandler):
    """`POST` signs out."""

    def post(self) -> None:
        """Forget the session cookie and go to the sign-in page."""
        self.clear_cookie(SESSION_COOKIE)
        self.redirect("/login", status=HTTPStatus.SEE_OTHER)
