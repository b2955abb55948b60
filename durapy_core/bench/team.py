"""The processes of one side, and their turns."""

import multiprocessing
import os
import secrets
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from loguru import logger
from pydantic import SecretStr

from durapy_core.bench import machine
from durapy_core.bench.commands import GoCommand
from durapy_core.bench.plan import Measure, Side
from durapy_core.bench.rivals import run_rival
from durapy_core.bench.roles import UP, Turn
from durapy_core.bench.services import run_player
from durapy_core.bench.stores import Store, stream_of
from durapy_core.catalog import encode
from durapy_core.engines.base import COMMANDS, Engine
from durapy_core.errors import ServiceError
from durapy_core.settings import Settings
from durapy_core.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FRESH: Final = multiprocessing.get_context("spawn")
_FORKED: Final = multiprocessing.get_context("forkserver")
_PRELOADED: Final = ["durapy_core.bench.services", "durapy_core.bench.rivals"]
SETTLE_S: Final = 0.02
"""So long after a turn its last commits are done, and their CPU time is spent."""

_TELLS: Final = frozenset({"pinger", "receiver"})
_LIMIT_S: Final = 120.0
_LOOK_S: Final = 0.2
_END_S: Final = 5.0
_KEEP: Final = 20_000
_KEEP_LARGE: Final = 1_000


class Player:
    """One process that plays a role.

    A `fresh` one imports everything anew, as a service that is started does; others are forked from
    a process that has.

    Attributes:
        pid: its process id.
    """

    def __init__(
        self, side: Side, role: str, name: str, *, store: Store, namespace: str, fresh: bool = False
    ) -> None:
        context = _FRESH if fresh else _FORKED
        context.set_forkserver_preload(_PRELOADED)
        self.name = name
        self._ear, mouth = context.Pipe(duplex=False)
        if side.kind == "durapy":
            target: Callable[..., None] = run_player
            settings = settings_for(store, namespace, commit_ms=side.commit_ms or 0.0)
            arguments: tuple[object, ...] = (role, name, mouth, settings)
        else:
            target = run_rival
            where = (store.url, store.password, stream_of(namespace))
            arguments = (side.kind, role, mouth, where)
        whole = (machine.own_cpus(), target, *arguments)
        self._process = context.Process(target=_play, args=whole, daemon=True)
        self._process.start()
        mouth.close()
        self.pid = self._process.pid or 0

    def hear(self, stopped: "Callable[[], bool]") -> object:
        """Return what it tells next.

        Raises:
            KeyboardInterrupt: `stopped` says so.
            ServiceError: it ended, or told nothing for two minutes.
        """
        deadline_s = time.monotonic() + _LIMIT_S
        while not self._ear.poll(_LOOK_S):
            if stopped():
                raise KeyboardInterrupt
            if not self._process.is_alive() or time.monotonic() > deadline_s:
                raise ServiceError(f"durapy bench: the player {self.name} ended or hangs.")
        try:
            told: object = self._ear.recv()
        except EOFError:
            raise ServiceError(f"durapy bench: the player {self.name} ended.") from None
        return told

    def kill(self) -> None:
        """End it at once, without its knowledge."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.join(_END_S)
        self.kill()
        self._ear.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What one turn of a side gave.

    Attributes:
        times_s: of all its players, in seconds.
        commands: how many commands the turn had.
        span_s: from the first send to the last handler.
        cpu_s: the CPU time of the side's processes; None where it cannot be told.
        store_cpu_s: that of the Redis server; None on SQLite, where the processes do the work.
    """

    times_s: list[float]
    commands: int
    span_s: float
    cpu_s: float | None
    store_cpu_s: float | None


class Team:
    """The players of one side in one measure."""

    def __init__(
        self, side: Side, measure: Measure, store: Store, stopped: "Callable[[], bool]"
    ) -> None:
        self.side = side
        self._store = store
        self._stopped = stopped
        self._keep = _KEEP_LARGE if measure.go.size_bytes else _KEEP
        self._namespace = f"{store.namespace}-{secrets.token_hex(3)}"  # nothing in it is old
        self._engine: Engine | None = None
        if side.kind == "durapy":
            self._engine = open_store(settings_for(store, self._namespace))
        self._players = [
            Player(side, role, f"bench_{role}_{number}", store=store, namespace=self._namespace)
            for number, role in enumerate(measure.roles)
        ]
        roles = zip(self._players, measure.roles, strict=True)
        self._telling = [player for player, role in roles if role in _TELLS]

    def wait_until_up(self) -> None:
        """Return once every player hears what is sent."""
        for player in self._players:
            told = player.hear(self._stopped)
            if told != UP:
                raise ServiceError(f"durapy bench: {player.name} said {told!r} before it was up.")

    def play(self, go: GoCommand) -> Played:
        """Return the result of one turn."""
        before = self._cpu_s()
        self._begin(go)
        turns = [self._turn(player) for player in self._telling]
        time.sleep(SETTLE_S)
        after = self._cpu_s()
        self._store.trim(self._namespace, self._keep)
        used, store_used = (
            None if a is None or b is None else b - a for a, b in zip(before, after, strict=True)
        )
        return Played(
            times_s=[time_s for turn in turns for time_s in turn.times_s],
            commands=go.count,
            span_s=max(turn.span_s for turn in turns),
            cpu_s=used,
            store_cpu_s=store_used,
        )

    def close(self) -> None:
        """End the players."""
        for player in self._players:
            player.close()
        if self._engine is not None:
            self._engine.close()

    def _begin(self, go: GoCommand) -> None:
        new = encode(go, sender="bench")
        if self._engine is not None:
            self._engine.append(COMMANDS, new)
        elif self._store.keeper is not None:
            self._store.keeper.append(stream_of(self._namespace), new.type, new.body)

    def _turn(self, player: Player) -> Turn:
        told = player.hear(self._stopped)
        if not isinstance(told, Turn):
            raise ServiceError(f"durapy bench: {player.name} said {told!r}, no result.")
        return told

    def _cpu_s(self) -> tuple[float | None, float | None]:
        """Return the CPU time that the players and the Redis server have used so far."""
        used = [machine.cpu_s(player.pid) for player in self._players]
        known = [each for each in used if each is not None]
        keeper = self._store.keeper
        ours = sum(known) if len(known) == len(used) else None
        return ours, None if keeper is None else keeper.cpu_s()


def settings_for(store: Store, namespace: str, *, commit_ms: float = 5.0) -> Settings:
    """Return the settings of a process that plays on this store; the rest is the user's."""
    return Settings(
        engine=store.url,
        engine_password=None if store.password is None else SecretStr(store.password),
        engine_password_file=None,
        namespace=namespace,
        commit_ms=commit_ms,
        heartbeat_file=None,
        revision="bench",
    )


def _play(cpus: "Iterable[int]", target: "Callable[..., None]", *arguments: object) -> None:
    """Be a player, until it is ended or the process that started it dies."""
    machine.stay_on(cpus)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever arranges all this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logger.remove()
    logger.add(sys.stderr, level="ERROR", format="durapy bench: {message}")
    target(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
