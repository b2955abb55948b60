"""The pinger: pings while a session is open, and measures how long each pong takes."""

import itertools
import secrets
from statistics import median
from time import perf_counter

from durapy_core import (
    BackgroundContext,
    Context,
    Controller,
    Service,
    ServiceContext,
    load_settings,
    on,
)
from durapy_core.errors import EngineUnavailableError
from services.commands import (
    EndSessionCommand,
    InitiateSessionCommand,
    PingCommand,
    PongCommand,
)
from services.pinger.settings import PingerSettings

MOST_KEPT = 100_000
"""So many round trips, and so many unanswered pings, are kept in memory."""


class Pinger(Controller):
    """Pings at once and then once a period; checks that each ping is answered once, and rightly."""

    def __init__(self, start: InitiateSessionCommand, ctx: Context) -> None:
        self._period_s = load_settings(PingerSettings).ping_period_s
        # New for each process, so that a restart in mid-session never repeats a key.
        self._prefix = f"{start.prefix}-{secrets.token_hex(3)}"
        self._restored = ctx.restored
        self._sent_at: dict[str, float] = {}
        self._trips_s: list[float] = []
        ctx.spawn(self._ping)

    def _ping(self, task: BackgroundContext) -> None:
        for count in itertools.count(1):
            if len(self._sent_at) < MOST_KEPT:
                self._send(PingCommand(key=f"{self._prefix}-{count}"), task)
            if task.wait(self._period_s):
                return

    def _send(self, ping: PingCommand, task: BackgroundContext) -> None:
        self._sent_at[ping.key] = perf_counter()
        try:
            task.send(ping)
        except EngineUnavailableError as error:
            task.log.warning("no ping this time: {why}", why=str(error))

    @on(PongCommand)
    def check(self, pong: PongCommand, ctx: Context) -> None:
        """Measure the round trip of a pong to one of our pings; warn of any other."""
        sent_at = self._sent_at.pop(pong.input_key, None)
        if sent_at is None:
            self._tell_unsolicited(pong, ctx)
            return
        if pong.output_key != pong.input_key[::-1]:
            ctx.log.warning("wrong pong", ping=pong.input_key, pong=pong.output_key)
            return
        trip_s = perf_counter() - sent_at
        if len(self._trips_s) < MOST_KEPT:
            self._trips_s.append(trip_s)
        ctx.log.debug("round trip", ping=pong.input_key, trip_s=trip_s)

    def stop(self, ctx: Context) -> None:
        """Say how the session's round trips were."""
        trips_ms = [trip_s * 1000 for trip_s in self._trips_s]
        ctx.log.info(
            "{answered} pings answered, {unanswered} not",
            answered=len(trips_ms),
            unanswered=len(self._sent_at),
            median_ms=round(median(trips_ms), 3) if trips_ms else None,
            longest_ms=round(max(trips_ms), 3) if trips_ms else None,
        )

    def _tell_unsolicited(self, pong: PongCommand, ctx: Context) -> None:
        if self._restored:
            ctx.log.info("pong to no ping since the restart", ping=pong.input_key)
        else:
            ctx.log.warning("unsolicited pong", ping=pong.input_key, sender=ctx.sender)


service = Service("pinger", sends=[PingCommand])
service.session(Pinger, begins=InitiateSessionCommand, ends=EndSessionCommand)


@service.on_start
def check_settings(_ctx: ServiceContext) -> None:
    """Refuse to start with settings that no session could use."""
    load_settings(PingerSettings)
