"""The OpenAPI 3.1 document of the API, put together from its parts."""

from typing import Any

from webserver.api.base import PREFIX, Api
from webserver.api.openapi_paths import PATHS
from webserver.api.openapi_schemas import SCHEMAS


class OpenApi(Api):
    """`GET` answers with the document. Needs no sign-in: it holds nothing of this rig."""

    open_to_all = True

    def get(self) -> None:
        """Answer with the document."""
        self.reply(make_document(self.site.version, cookie=self.site.sessions.cookie))


def make_document(version: str, *, cookie: str = "durapy_session") -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DuraPy",
            "version": version,
            "description": (
                "Commands, services and operations of a rig. Programs send the header "
                "`Authorization: Bearer TOKEN`; the console signs in with a cookie, and sends the "
                "header `X-XSRFToken` with every write."
            ),
        },
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}, {"session": []}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": cookie},
            },
        },
    }
