"""The session of one replica: begun and ended by records, kept across a restart."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from durapy_core.calls import Caller
from durapy_core.catalog import CommandCatalog
from durapy_core.command import Command, CommandRecord, label_of
from durapy_core.context import StopReason
from durapy_core.controller import Controller
from durapy_core.entry import Entry
from durapy_core.kept import Kept
from durapy_core.receipt import Outcome
from durapy_core.service import SessionPlan
from durapy_core.status import SessionInfo
from durapy_core.step import DONE, Ending, Step, ending_of
from durapy_core.tasks import TaskGroup

BEGIN_MAX_AGE_S: Final = 60.0
"""An older record begins no session, unless its command has a `max_age_s` of its own."""

_NOT_RESTORED: Final = "the session goes on without its controller"
_HELD: Final = f"(safe state) {_NOT_RESTORED} until that is cleared"
_OVER: Final = "the session ended while this service was down"
_CRASHED: Final = "its controller ended the process three times; it is not restored again"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that has begun and not ended.

    Attributes:
        info: what the status shows of it.
        kept: what is kept of it across a restart, and the same as text.
        controller: None when it could not, or was not to, be built again after a restart.
        instead: how records that the controller would hear end while there is none.
        fault: what somebody must look at; None if all is well.
        tasks: its background work.
    """

    begin: Entry
    info: SessionInfo
    kept: Kept
    text: str | None
    controller: Controller | None
    instead: Ending
    fault: str | None
    tasks: TaskGroup


class Sessions:
    """Opens and closes the session of one replica, at most one at a time.

    Attributes:
        current: the open session, or None.
        steps: what the records of the session's commands are handed to now, by wire type.
    """

    def __init__(self, plan: SessionPlan, catalog: CommandCatalog, caller: Caller) -> None:
        self.current: OpenSession | None = None
        self._plan = plan
        self._catalog = catalog
        self._caller = caller
        self._log = caller.outbox.log
        begins = plan.begins.options
        own_s = begins.max_age_s
        max_age_s = BEGIN_MAX_AGE_S if own_s is None else own_s
        self._closed_steps: Final = {
            begins.type: Step(run=self._begin, max_age_s=max_age_s, barred=True)
        }
        self.steps: Mapping[str, Step] = self._closed_steps

    def can_restore(self, kept: Kept) -> bool:
        """Return whether a controller is to be built for this."""
        return kept.begin is not None and self._plan.restore

    def restore(
        self,
        kept: Kept,
        backlog: Iterable[Entry],
        *,
        crashed: bool = False,
        held: bool = False,
    ) -> None:
        """Reopen the session that was open when the last process ended.

        Where its controller cannot or must not be built, the session is open without one until
        its end. A backlog with that end in it is such a case.

        Args:
            kept: what the last process kept.
            backlog: the records after the cursor; read as far as needed.
            crashed: whether building it ended the process again and again.
            held: whether its controller must not be built yet, as the safe state is engaged.
        """
        begin = kept.begin
        if begin is None:
            return
        if begin.type != self._plan.begins.options.type:
            self._log.warning(
                "no session is restored: {type} begins none in this service any more",
                type=begin.type,
                key=begin.key,
            )
            return
        record = self._catalog.decode(begin)
        instead, fault = self._reason_not_to_build(record, backlog, crashed=crashed, held=held)
        log = self._log.bind(key=record.key)
        if instead is None:
            why = self._build(record, kept, made=kept.sends)
            if not why:
                log.info("the session goes on with a restored controller")
                return
            instead = (Outcome.REFUSED, _NOT_RESTORED)
            fault = f"{_NOT_RESTORED}, which cannot be restored: {why}"
        level = "WARNING" if instead[0] is Outcome.INTERRUPTED else "INFO"
        log.log("ERROR" if fault else level, fault or instead[1])
        self._open(record, kept, None, self._make_tasks(record), instead=instead, fault=fault)

    def let_go(self, reason: StopReason) -> None:
        """Stop the controller because this replica ends; the session itself stays open."""
        session = self.current
        if session is None or session.controller is None:
            return
        self._caller.join(session.tasks, key=session.begin.key)
        ctx = self._caller.context(session.begin, session.tasks, reason=reason)
        self._caller.call(session.controller.stop, ctx, key=ctx.key)

    def _begin(self, record: CommandRecord) -> Ending:
        return ending_of(self._build(record, Kept(begin=record.entry), made=None))

    def _refuse(self, _record: CommandRecord) -> Ending:
        current = self.current.begin.key if self.current else None
        return Outcome.REFUSED, f"a session is open, {current}; end it first"

    def _end(self, record: CommandRecord) -> Ending:
        session = self.current
        if session is None:
            return DONE
        ctx = self._caller.context(record.entry, session.tasks)
        controller = session.controller
        why = ""
        if controller is not None:
            if method := self._plan.methods.get(self._plan.ends):
                why = self._caller.call(
                    getattr(controller, method), record.command, ctx, key=ctx.key
                )
            self._caller.join(session.tasks, key=session.begin.key)
            ctx.reason = StopReason.ENDED
            stop_failed = self._caller.call(controller.stop, ctx, key=ctx.key)
            why = why or stop_failed
        ctx.finish()
        self._close()
        return ending_of(why)

    def _skip_end(self) -> None:
        """End the session without its controller, of whose end the process has died."""
        if self.current is not None:
            self._caller.join(self.current.tasks, key=self.current.begin.key)
        self._close()

    def _close(self) -> None:
        self.current = None
        self.steps = self._closed_steps

    def _call(self, method: Callable[..., None], tasks: TaskGroup, record: CommandRecord) -> Ending:
        ctx = self._caller.context(record.entry, tasks)
        why = self._caller.call(method, record.command, ctx, key=record.entry.key)
        ctx.finish()
        return (Outcome.FAILED, why) if why else DONE

    def _build(self, record: CommandRecord, kept: Kept, *, made: Iterable[Entry] | None) -> str:
        """Open the session with a new controller, or return why there is none."""
        tasks = self._make_tasks(record)
        ctx = self._caller.context(record.entry, tasks, made=made)
        sends: list[Entry] = []
        ctx.noted = sends
        controller = self._caller.make(self._plan.controller, record.command, ctx, key=ctx.key)
        ctx.finish()
        if isinstance(controller, str):
            self._caller.join(tasks, key=record.key)
            return controller
        if made is None:
            kept = Kept(begin=kept.begin, sends=tuple(sends))
        self._open(record, kept, controller, tasks)
        return ""

    def _reason_not_to_build(
        self, record: CommandRecord, backlog: Iterable[Entry], *, crashed: bool, held: bool
    ) -> tuple[Ending | None, str | None]:
        """Return how records of a session without controller end, and the fault, if there is one.

        None instead of the former means that the controller is to be built.
        """
        refused = (Outcome.REFUSED, _NOT_RESTORED)
        if any(self._is_end(entry) for entry in backlog):
            return (Outcome.INTERRUPTED, _OVER), None
        if not self._plan.restore:
            return (Outcome.REFUSED, f"{_NOT_RESTORED}, which is not to be restored"), None
        if record.command is None:
            return refused, f"{_NOT_RESTORED}: {record.problem}"
        if held:
            return (Outcome.REFUSED, _HELD), None
        return (refused, f"{_NOT_RESTORED}: {_CRASHED}") if crashed else (None, None)

    def _open(
        self,
        record: CommandRecord,
        kept: Kept,
        controller: Controller | None,
        tasks: TaskGroup,
        *,
        instead: Ending = DONE,
        fault: str | None = None,
    ) -> None:
        begin, plan = record.entry, self._plan
        self.current = OpenSession(
            begin=begin,
            info=SessionInfo(
                key=begin.key,
                type=plan.begins.options.type,
                label=label_of(record.command) if record.command else None,
                since=begin.sent_at,
                ends=plan.ends.options.type,
            ),
            kept=kept,
            text=kept.to_text(),
            controller=controller,
            instead=instead,
            fault=fault,
            tasks=tasks,
        )
        self.steps = self._open_steps(self.current)

    def _open_steps(self, session: OpenSession) -> Mapping[str, Step]:
        plan = self._plan
        steps = {
            command_class.options.type: self._step(session, command_class, name)
            for command_class, name in plan.methods.items()
        }
        steps[plan.begins.options.type] = Step(run=self._refuse)
        steps[plan.ends.options.type] = Step(run=self._end, skip=self._skip_end)
        return steps

    def _step(self, session: OpenSession, command_class: type[Command], name: str) -> Step:
        if session.controller is None:
            return Step(run=lambda _record: session.instead)
        return Step(
            run=partial(self._call, getattr(session.controller, name), session.tasks),
            max_age_s=command_class.options.max_age_s,
            redeliver=command_class not in self._plan.once,
            barred=command_class.options.actuates,
        )

    def _is_end(self, entry: Entry) -> bool:
        return (
            entry.type == self._plan.ends.options.type
            and self._catalog.decode(entry).command is not None
        )

    def _make_tasks(self, record: CommandRecord) -> TaskGroup:
        return self._caller.make_tasks(f"the session {record.key}")
