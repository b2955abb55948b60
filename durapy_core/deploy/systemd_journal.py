"""What units print past their logger, out of systemd's journal: their last words, above all.

A unit that dies takes its logger along, but the journal has what it printed: an import that fails,
a segmentation fault. Whoever carries out operations follows the journal of each computer, and goes
on after a restart from where it was: the place is kept in the store.

Sources: journalctl(1), systemd.journal-fields(7).
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event
from typing import Any, Final

from loguru import logger

from durapy_core.deploy.systemd import SystemdManager, service_of
from durapy_core.engines.base import Engine
from durapy_core.errors import DeployError, EngineError
from durapy_core.log_lines import is_rendered
from durapy_core.raw_output import RawOutput

JOURNALS: Final = "journals"
"""Table: a computer → the cursor of the last printed line in its journal that was taken."""

_UNITS: Final = ("_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT")
_FOLLOW: Final = (
    *("journalctl", "--follow", "--no-tail", "--quiet", "--no-pager", "--all", "--output=json"),
    f"--output-fields={','.join(('MESSAGE', *_UNITS))}",
)
_AT_FIRST: Final = "--since=-2min"
"""At the first start ever: a unit that was started together with us may have died before us."""

_RETRY_S: Final = 5.0
_LONGEST_WORD: Final = 200
_OVER: Final = "over"


class JournalWatch:
    """Follows the journal of one computer, and hands on what the rig's units printed."""

    def __init__(self, manager: SystemdManager, engine: Engine, raw: RawOutput) -> None:
        self._manager = manager
        self._engine = engine
        self._raw = raw
        self._place = ""
        self._said = ""

    def run(self, stop: Event) -> None:
        """Follow until `stop`; while the computer or its journal does not answer, try again.

        Why it does not is said once, until there is another reason.
        """
        said = ""
        while not stop.is_set():
            try:
                self._follow(stop)
            except (DeployError, EngineError) as error:
                if str(error) != said and not stop.is_set():
                    logger.warning("last words of units are not kept: {e}", e=str(error))
                said = str(error)
            stop.wait(_RETRY_S)

    def _follow(self, stop: Event) -> None:
        """Follow until `stop`, or until `journalctl` ends by itself.

        Raises:
            DeployError: the computer does not answer, or its journal may not be read.
        """
        self._manager.services()  # finds out whose systemd it is
        host = self._manager.host
        if not self._place:
            row = self._engine.table(JOURNALS).get(host.name)
            self._place = row.text if row else ""
        since = f"--after-cursor={self._place}" if self._place else _AT_FIRST
        code = host.stream(
            *_FOLLOW,
            since,
            "_TRANSPORT=stdout",
            say=self._take_all,
            cancelled=lambda: _OVER if stop.is_set() else None,
        )
        if code:
            raise DeployError(
                f"journalctl on {host.name} ended with exit code {code}: {self._said}"
            )

    def _take_all(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._take(line)

    def _take(self, line: str) -> None:
        """Take one entry of the journal."""
        try:
            entry: dict[str, Any] = json.loads(line)
            service = service_of(entry.get(_UNITS[self._manager.of_user]) or "")
        except (ValueError, TypeError, AttributeError):
            self._said = line[:_LONGEST_WORD]  # not of the form: a word of journalctl itself
            return
        text = _text(entry.get("MESSAGE"))
        if not service:
            return
        self._raw.line(service, text, time=_time_of(entry))
        if not is_rendered(text):
            self._place = str(entry["__CURSOR"])
            with suppress(EngineError):  # then a line comes twice
                self._engine.put(JOURNALS, self._manager.host.name, self._place)


def _text(message: Any) -> str:
    """Return a line's text; what is no UTF-8 is given as numbers."""
    if isinstance(message, list):
        return bytes(message).decode(errors="replace")
    return message if isinstance(message, str) else ""


def _time_of(entry: dict[str, Any]) -> datetime | None:
    micros = str(entry.get("__REALTIME_TIMESTAMP", ""))
    return datetime.fromtimestamp(int(micros) / 1e6, UTC) if micros.isdigit() else None
