"""The safe state: what holds and who is safe, entering it, clearing it."""

from typing import Any, Final

from webserver.api.base import Api
from webserver.errors import ApiError
from webserver.sending import clear_safe_state, enter_safe_state

_KEY: Final = "Idempotency-Key"


class SafeStateApi(Api):
    """`GET` answers with the safe state and each service's answer; `POST` enters it."""

    async def get(self) -> None:
        """Answer with what holds now."""
        self.reply((await self.site.safety.load()).model_dump(mode="json"))

    async def post(self) -> None:
        """Enter the safe state. Nothing in the body keeps anybody from that, nor its absence."""
        assert self.user is not None  # noqa: S101 (prepare has refused strangers)
        key = self.request.headers.get(_KEY)
        state = await enter_safe_state(self.site, self._body(), user=self.user, idempotency_key=key)
        self.reply((await self.site.safety.after(state)).model_dump(mode="json"))

    def _body(self) -> Any:
        try:
            return self.json_body()
        except ApiError:
            return {}


class ClearSafeStateApi(Api):
    """`POST` leaves the safe state."""

    async def post(self) -> None:
        """Leave the safe state."""
        assert self.user is not None  # noqa: S101 (prepare has refused strangers)
        key = self.request.headers.get(_KEY)
        state = await clear_safe_state(self.site, user=self.user, idempotency_key=key)
        self.reply((await self.site.safety.after(state)).model_dump(mode="json"))
