"""How long a command waits that is sent right after its service was killed."""

import time
from collections.abc import Callable

from durapy_core.bench.commands import DataCommand
from durapy_core.bench.figures import Recovery
from durapy_core.bench.plan import Side
from durapy_core.bench.roles import UP, Turn
from durapy_core.bench.stores import Store
from durapy_core.bench.team import Player, settings_for
from durapy_core.catalog import encode
from durapy_core.engines import Engine
from durapy_core.engines.base import COMMANDS, STATUS
from durapy_core.errors import ServiceError
from durapy_core.status import ServiceState, ServiceStatus
from durapy_core.store import open_store

_SERVICE = "bench_receiver"
_LOOK_S = 0.05
_LIMIT_S = 60.0

Stopped = Callable[[], bool]


def measure_recovery(
    store: Store, *, kills: int, stopped: Stopped, say: Callable[[str], None]
) -> list[Recovery]:
    """Kill a service that has a standby, and one that has none and is started at once again."""
    namespace = f"{store.namespace}-recovery"
    with open_store(settings_for(store, namespace)) as engine:
        rig = _Rig(store, namespace, engine, stopped)
        by_standby, by_restart = list[float](), list[float]()
        try:
            rig.start().wait_until_leading()
            for kill in range(1, kills + 1):
                say(f"{store.name}: recovery: kill {kill} of {kills}, with a standby")
                rig.start().wait_until_standing_by()
                by_standby.append(rig.kill_leader())
                say(f"{store.name}: recovery: kill {kill} of {kills}, started again")
                by_restart.append(rig.kill_leader(start_again=True))
        finally:
            rig.close()
    return [
        Recovery(store=store.name, way="SIGKILL, a standby takes over", times_s=by_standby),
        Recovery(store=store.name, way="SIGKILL, started again at once", times_s=by_restart),
    ]


class _Rig:
    """The processes of one service; the first of `players` leads."""

    def __init__(self, store: Store, namespace: str, engine: Engine, stopped: Stopped) -> None:
        self._store = store
        self._namespace = namespace
        self._engine = engine
        self._stopped = stopped
        self._players: list[Player] = []

    def start(self) -> "_Rig":
        """Start one process more."""
        side = Side(name="DuraPy", kind="durapy", commit_ms=5)
        store, namespace = self._store, self._namespace
        player = Player(side, "receiver", _SERVICE, store=store, namespace=namespace, fresh=True)
        self._players.append(player)
        return self

    def wait_until_leading(self) -> None:
        """Return once the first process handles commands."""
        told = self._players[0].hear(self._stopped)
        if told != UP:
            raise ServiceError(f"durapy bench: {_SERVICE} said {told!r} before it led.")

    def wait_until_standing_by(self) -> None:
        """Return once the newest process says that it stands by."""
        pid, deadline_s = self._players[-1].pid, time.monotonic() + _LIMIT_S
        while not self._stopped():
            rows = self._engine.table(STATUS).values()
            said = [ServiceStatus.from_text(row.text) for row in rows]
            if any(each.pid == pid and each.state is ServiceState.STANDBY for each in said):
                return
            if time.monotonic() > deadline_s:
                raise ServiceError(f"durapy bench: {_SERVICE} ({pid}) does not stand by.")
            time.sleep(_LOOK_S)
        raise KeyboardInterrupt

    def kill_leader(self, *, start_again: bool = False) -> float:
        """Kill the leader, send a command, and return how long it waited for its handler."""
        self._players[0].kill()
        killed_s = time.perf_counter()
        self._players.pop(0).close()
        if start_again:
            self.start()
        command = DataCommand(sent_s=killed_s, left=0, text="")
        self._engine.append(COMMANDS, encode(command, sender="bench"))
        self.wait_until_leading()
        told = self._players[0].hear(self._stopped)
        if not isinstance(told, Turn):
            raise ServiceError(f"durapy bench: {_SERVICE} said {told!r}, no result.")
        return told.times_s[0]

    def close(self) -> None:
        """End all processes."""
        for player in self._players:
            player.close()
