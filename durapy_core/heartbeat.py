"""The thread that publishes a replica's status: a stuck handler shows as stuck, not as dead."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from loguru import logger
from pydantic import ValidationError

from durapy_core.engines.base import STATUS, Engine
from durapy_core.errors import EngineError
from durapy_core.notify import Notifier
from durapy_core.side_thread import SideThread
from durapy_core.status import ServiceState, ServiceStatus
from durapy_core.store_clock import StoreClock

INTERVAL_S: Final = 1.0
FORGET_AFTER_S: Final = 60.0


class Heartbeat(SideThread):
    """Puts the status into the store once a second while in `with`, and once more at the end.

    While the store is away it says nothing, as the loop does that, and goes on trying.
    """

    def __init__(
        self,
        engine: Engine,
        status: Callable[[], ServiceStatus],
        *,
        interval_s: float = INTERVAL_S,
        file: Path | None = None,
        clock: StoreClock | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        """Take what tells the status; `file` is touched whenever the store took it.

        `clock`, if given, is compared with the store's at each beat, and the status says how far
        they are apart: for a process that holds no lease, as renewing one does the same.

        A file that is young says that the service has started and reaches its store, which a
        health check can see without a Python of its own. One that has stood by counts as started
        while it takes over, however long its `on_start` takes. `notifier` tells systemd.
        """
        super().__init__("heartbeat")
        self._engine = engine
        self._status = status
        self._interval_s = interval_s
        self._file = file
        self._clock = clock
        self._notifier = notifier
        self._cleaned = False
        self._has_started = False

    def beat(self) -> None:
        """Publish the status now.

        Raises:
            EngineError: the store did not take it.
        """
        status = self._status()
        if self._notifier is not None:
            self._notifier.show(status)
        if self._clock is not None:
            self._clock.measure(self._engine.now_s)
            known = {"clock_offset_s": self._clock.offset_s, "clock_steps": self._clock.steps}
            status = status.model_copy(update=known)
        name = f"{status.service}/{status.replica}"
        self._engine.put(STATUS, name, status.model_dump_json(exclude_none=True))
        self._has_started |= status.state is not ServiceState.STARTING
        if self._file is not None and self._has_started:
            with contextlib.suppress(OSError):  # then the health check fails, and says so
                self._file.touch()
        if not self._cleaned:
            forget_old_replicas(self._engine, status.service, keep=name)
            self._cleaned = True

    def try_beat(self) -> None:
        """Publish the status now if the store takes it; else the next beat does."""
        with contextlib.suppress(EngineError):
            self.beat()

    def __exit__(self, *how: object) -> None:
        """End the thread and publish the last status, if the store takes it."""
        super().__exit__(*how)
        if not self._thread.is_alive():  # else the store is away, and so would we be
            self.try_beat()
        if self._notifier is not None:
            self._notifier.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._notifier is not None:
                self._notifier.alive()
            try:
                self.beat()
            except EngineError:
                pass  # the loop waits for the store as well, and says so
            except Exception:  # noqa: BLE001 (a replica without a status looks dead)
                logger.exception("the status could not be made; trying again")
            self._stop.wait(self._interval_s)


def forget_old_replicas(engine: Engine, service: str, *, keep: str) -> None:
    """Remove the rows of this service's earlier replicas: stopped, or silent for a minute.

    A replica does so once, with its first status. One that was killed stays for at least that
    minute, so that the console can show that it is down.

    Raises:
        EngineError: the store did not answer.
    """
    for name, row in engine.table(STATUS).items():
        of_another = name.startswith(f"{service}/") and name != keep
        if of_another and (row.age_s > FORGET_AFTER_S or _has_stopped(row.text)):
            engine.remove(STATUS, name)


def _has_stopped(text: str) -> bool:
    try:
        return ServiceStatus.from_text(text).state is ServiceState.STOPPED
    except ValidationError:
        return False
