"""Running a service inside a test: on a real engine in memory, without process, signal or clock."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from durapy_core.catalog import CommandCatalog, encode
from durapy_core.command import Command, CommandRecord
from durapy_core.controller import Controller
from durapy_core.engines.base import COMMANDS, RECEIPTS, Engine
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import SessionError
from durapy_core.ledger import BATCH
from durapy_core.presence import make_replica_name
from durapy_core.receipt import Receipt
from durapy_core.replica import Replica, ReplicaOptions
from durapy_core.safe_state import clear_safe_state, enter_safe_state
from durapy_core.service import Service
from durapy_core.status import ServiceStatus

if TYPE_CHECKING:
    from durapy_core.failures import Failure

C = TypeVar("C", bound=Command)
K = TypeVar("K", bound=Controller)

LEASE_S: Final = 0.1
"""So soon after a `crash` the service is taken over."""


class ServiceHarness:
    """One service on one engine, moved on by the test itself.

    >>> with ServiceHarness(service) as rig:
    ...     rig.send(InitiateSessionCommand(prefix="k"))
    ...     rig.send(PingCommand(key="k1"))
    ...     rig.run_until_idle()
    ...     assert rig.commands(PongCommand) == [PongCommand(input_key="k1", output_key="1k")]

    What the service's own code raises is raised in the test, by the next call that runs the
    service; with `raises=False` it is kept in `failures` only.

    Attributes:
        engine: the engine, for what the harness does not offer.
        failures: what the service's own code raised so far.
    """

    def __init__(
        self,
        service: Service,
        *,
        engine: Engine | None = None,
        raises: bool = True,
        options: ReplicaOptions | None = None,
    ) -> None:
        """Prepare a harness.

        Args:
            service: what to run.
            engine: an engine to share with another harness; None makes a new one in memory.
            raises: whether what the service's own code raises is raised in the test.
            options: how the service runs; by default its lease is short, so that `crash` is quick.
        """
        self.engine = engine or MemoryEngine()
        self.failures: list[Failure] = []
        self._service = service
        self._raises = raises
        self._raised = 0
        self._own_engine = engine is None
        self._options = options or ReplicaOptions(lease_s=LEASE_S)
        self._replica = self._make_replica()

    def __enter__(self) -> Self:
        """Start the service at the first record of the log."""
        self._replica.startup(first=START)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the service as SIGTERM does."""
        self._replica.shutdown()
        if self._own_engine:
            self.engine.close()
        if error is None:
            self._raise_failures()

    def send(self, command: Command, *, sender: str = "test") -> CommandRecord:
        """Send a command as somebody else."""
        entry = self.engine.append(COMMANDS, encode(command, sender=sender))
        return CommandRecord(entry=entry, command=command)

    def send_raw(self, wire_type: str, body: str, *, sender: str | None = "test") -> Entry:
        """Send any text, as a program that knows no command class may do."""
        return self.engine.append(COMMANDS, NewEntry(type=wire_type, body=body, sender=sender))

    def run_until_idle(self, *, limit: int = 100_000) -> None:
        """Let the service handle records until there are no more, those it sends itself included.

        What it does in the background may send more later: see `run_until`.

        Raises:
            AssertionError: more than `limit` records came: the service answers itself for ever.
        """
        count = 0
        while not self._replica.stopping and (read := self._replica.turn(wait_s=0)):
            count += read
            if count > limit:
                raise AssertionError(f"still not idle after {limit} records")
        self._raise_failures()

    def run_until(self, condition: Callable[[], bool], *, limit_s: float = 10.0) -> None:
        """Let the service handle records until the condition holds.

        Raises:
            AssertionError: it does not hold within `limit_s` seconds.
        """
        deadline = monotonic() + limit_s
        while not condition():
            if monotonic() > deadline:
                raise AssertionError(f"the condition does not hold after {limit_s} s")
            self._replica.turn(wait_s=0.02)
            self._raise_failures()

    def enter_safe_state(self, reason: str = "") -> None:
        """Enter the safe state as somebody else; the service is made safe before this returns."""
        enter_safe_state(self.engine, by="test", reason=reason)
        self.hear_safe_state()

    def clear_safe_state(self) -> None:
        """Clear the safe state as somebody else."""
        clear_safe_state(self.engine, by="test")
        self.hear_safe_state()

    def hear_safe_state(self) -> None:
        """Let the service hear what somebody else did to the safe state."""
        self._replica.safety.look(wait_s=0)
        self._raise_failures()

    def restart(self) -> None:
        """Stop the service as SIGTERM does and start it again on the same log."""
        self._replica.shutdown()
        self._replica = self._make_replica()
        self._replica.startup(first=START)
        self._raise_failures()

    def crash(self) -> None:
        """Let the service die as by SIGKILL, and another process take over when the lease ends.

        Nothing is stopped or saved; what it handled since its last `run_until_idle` or `turn` ended
        may be handed over again.
        """
        self._replica = self._make_replica()
        self._replica.startup(first=START)
        self._raise_failures()

    def receipts(self) -> list[Receipt]:
        """Return the receipts of all services, oldest first."""
        return [Receipt.from_entry(entry) for entry in self._read_all(RECEIPTS)]

    def records(self, command_class: type[Command]) -> list[CommandRecord]:
        """Return the records of a command on the log, whoever sent them, oldest first."""
        catalog = CommandCatalog([command_class])
        wire_type = command_class.options.type
        return [catalog.decode(entry) for entry in self.entries() if entry.type == wire_type]

    def commands(self, command_class: type[C]) -> list[C]:
        """Return the commands of a class on the log, whoever sent them, oldest first."""
        found = (record.command for record in self.records(command_class))
        return [command for command in found if isinstance(command, command_class)]

    def entries(self) -> list[Entry]:
        """Return the whole log, oldest first."""
        return self._read_all(COMMANDS)

    def controller(self, controller_class: type[K]) -> K:
        """Return the controller of the open session.

        Raises:
            SessionError: there is none of this class now.
        """
        session = self._replica.session
        controller = session.controller if session else None
        if not isinstance(controller, controller_class):
            raise SessionError(f"no session with a {controller_class.__name__} is open")
        return controller

    @property
    def in_session(self) -> bool:
        """Whether a session is open."""
        return self._replica.session is not None

    @property
    def stopped(self) -> bool:
        """Whether the service has ended itself."""
        return self._replica.stopping

    @property
    def status(self) -> ServiceStatus:
        """What the service says of itself now."""
        return self._replica.status()

    def _make_replica(self) -> Replica:
        return Replica(
            self._service,
            self.engine,
            replace(self._options, name=make_replica_name()),
            on_failure=self.failures.append,
        )

    def _read_all(self, log: str) -> list[Entry]:
        entries: list[Entry] = []
        after = START
        while more := self.engine.read(log, after=after, limit=BATCH):
            entries += more
            after = Cursor(more[-1].key)
        return entries

    def _raise_failures(self) -> None:
        new, self._raised = self.failures[self._raised :], len(self.failures)
        if new and self._raises:
            raise new[0].error
