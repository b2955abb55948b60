"""The whole route table."""

from typing import Final

from tornado.routing import Rule

from webserver.api.base import PREFIX, NothingApi
from webserver.api.commands import CommandApi, CommandsApi, CommandTreeApi
from webserver.api.health import HealthApi
from webserver.api.logs import LogsApi, LogsDownloadApi
from webserver.api.openapi import OpenApi
from webserver.api.operations import CancelApi, NewsApi, OperationApi, OperationsApi
from webserver.api.presets import FavouriteApi, PresetApi, PresetsApi
from webserver.api.safe_state import ClearSafeStateApi, SafeStateApi
from webserver.api.services import (
    DeploymentApi,
    DeploymentVerbApi,
    ServicesApi,
    ServiceVerbApi,
)
from webserver.api.types import TypesApi
from webserver.login import LoginPage, LogoutPage
from webserver.page_handlers import PageFile, PageHandler
from webserver.static_files import StaticFile

Route = tuple[str, type] | Rule

ROUTES: Final[list[Route]] = [
    (rf"{PREFIX}/commands", CommandsApi),
    (rf"{PREFIX}/commands/([^/]+)", CommandApi),
    (rf"{PREFIX}/commands/([^/]+)/tree", CommandTreeApi),
    (rf"{PREFIX}/presets", PresetsApi),
    (rf"{PREFIX}/presets/([^/]+)/([^/]+)", PresetApi),
    (rf"{PREFIX}/favourites/([^/]+)", FavouriteApi),
    (rf"{PREFIX}/types", TypesApi),
    (rf"{PREFIX}/services", ServicesApi),
    (
        rf"{PREFIX}/services/([^/]+)/(start|stop|restart|rollout|rollback|changes)",
        ServiceVerbApi,
    ),
    (rf"{PREFIX}/deployment", DeploymentApi),
    (rf"{PREFIX}/deployment/(rollout|fetch)", DeploymentVerbApi),
    (rf"{PREFIX}/operations", OperationsApi),
    (rf"{PREFIX}/operations/([^/]+)", OperationApi),
    (rf"{PREFIX}/operations/([^/]+)/news", NewsApi),
    (rf"{PREFIX}/operations/([^/]+)/cancel", CancelApi),
    (rf"{PREFIX}/safe-state", SafeStateApi),
    (rf"{PREFIX}/safe-state/clear", ClearSafeStateApi),
    (rf"{PREFIX}/logs", LogsApi),
    (rf"{PREFIX}/logs/download", LogsDownloadApi),
    (rf"{PREFIX}/health", HealthApi),
    (rf"{PREFIX}/openapi\.json", OpenApi),
    (r"/api/.*", NothingApi),
    (r"/login", LoginPage),
    (r"/logout", LogoutPage),
    (r"/static/(.+)", StaticFile),
    (r"/pages/([^/]+)/(.+)", PageFile),
    (r"/x/([^/]+)/([^/]+\.[a-z0-9]+)", PageFile),
    (r"/[a-z0-9_-]*", PageHandler),
    (r"/x/[^/]+", PageHandler),
]
"""Beside these: /ws (the socket) and /x/SLUG/api/… (routes that pages bring); see app.py."""
