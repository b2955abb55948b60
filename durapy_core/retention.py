"""How long each log is kept, as the settings say."""

from dataclasses import dataclass
from typing import Final

from durapy_core.engines.base import COMMANDS, LEASES, LOGS, OPERATIONS, RECEIPTS, SAFETY
from durapy_core.login_code import SIGN_INS
from durapy_core.settings import Settings

DAY_S: Final = 86_400.0
_LEASES_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What is kept of one log: an entry goes once it exceeds one of the two.

    Attributes:
        count: how many of the newest entries; None: all.
        age_s: how old they may be, in seconds; None: of any age.
    """

    count: int | None = None
    age_s: float | None = None


def keep_of(settings: Settings) -> dict[str, Keep]:
    """Return what is kept of each log; a log for which nothing was said is kept whole."""
    given = {
        COMMANDS: _keep(settings.keep_commands, settings.keep_commands_days),
        RECEIPTS: _keep(settings.keep_receipts, settings.keep_receipts_days),
        LOGS: _keep(settings.keep_logs, settings.keep_logs_days),
        OPERATIONS: _keep(settings.keep_operations),
        SAFETY: _keep(settings.keep_safety),
        LEASES: Keep(count=_LEASES_KEPT),  # who waits for a lease reads its end only
        SIGN_INS: Keep(age_s=DAY_S),  # a code is valid for minutes
    }
    return {log: keep for log, keep in given.items() if keep != Keep()}


def _keep(count: int, days: float = 0) -> Keep:
    return Keep(count=count or None, age_s=days * DAY_S or None)
