"""The session of one replica: begun and ended by records, kept across a restart."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from durapy_core.calls import Caller
from durapy_core.catalog import CommandCatalog
from durapy_core.command import CommandRecord, label_of
from durapy_core.context import Context, StopReason
from durapy_core.controller import Controller
from durapy_core.entry import Entry
from durapy_core.errors import SessionError
from durapy_core.service import SessionPlan
from durapy_core.status import SessionInfo
from durapy_core.tasks import TaskGroup

Step = Callable[[CommandRecord], bool]
"""Handles a record and returns whether that went well."""


class SavedSession(BaseModel):
    """What is kept of an open session: the initiating record itself, as it may be trimmed away."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    begin: Entry

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what was kept as text.

        Raises:
            SessionError: the text is something else.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise SessionError(f"The saved session cannot be read: {text[:200]}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that has begun and not ended.

    Attributes:
        begin: the initiating record.
        info: what the status shows of it.
        text: what is kept of it across a restart.
        controller: None when it could not, or was not to, be built again after a restart.
        tasks: its background work.
    """

    begin: Entry
    info: SessionInfo
    text: str
    controller: Controller | None
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
        self._closed_steps: Final[dict[str, Step]] = {plan.begins.options.type: self._begin}
        self.steps: Mapping[str, Step] = self._closed_steps

    def restore(self, text: str, backlog: Iterable[Entry]) -> None:
        """Reopen the session that was open when the last process ended.

        Where its controller cannot or must not be built, the session is open without one until
        its end. A backlog with that end in it is such a case.
        """
        try:
            begin = SavedSession.from_text(text).begin
        except SessionError as error:
            self._log.error("no session is restored: {why}", why=str(error))
            return
        if begin.type != self._plan.begins.options.type:
            self._log.warning(
                "no session is restored: {type} begins none in this service any more",
                type=begin.type,
                key=begin.key,
            )
            return
        record = self._catalog.decode(begin)
        if not self._restore_controller(record, backlog):
            self._open(record, None, self._make_tasks(record))

    def let_go(self, reason: StopReason) -> None:
        """Stop the controller because this replica ends; the session itself stays open."""
        session = self.current
        if session is None or session.controller is None:
            return
        self._caller.join(session.tasks, key=session.begin.key)
        ctx = Context(session.begin, self._caller.outbox, session.tasks, reason=reason)
        self._caller.call(session.controller.stop, ctx, key=ctx.key)

    def _begin(self, record: CommandRecord) -> bool:
        return self._build(record, restored=False)

    def _refuse(self, record: CommandRecord) -> bool:
        self._log.warning(
            "{type} is ignored: a session is open; end it first",
            type=record.entry.type,
            key=record.key,
            session=self.current.begin.key if self.current else None,
        )
        return True

    def _end(self, record: CommandRecord) -> bool:
        session = self.current
        if session is None:
            return True
        ctx = Context(record.entry, self._caller.outbox, session.tasks)
        controller = session.controller
        well = True
        if controller is not None:
            if method := self._plan.methods.get(self._plan.ends):
                well = self._caller.call(
                    getattr(controller, method), record.command, ctx, key=ctx.key
                )
            self._caller.join(session.tasks, key=session.begin.key)
            ctx.reason = StopReason.ENDED
            well = self._caller.call(controller.stop, ctx, key=ctx.key) and well
        ctx.finish()
        self.current = None
        self.steps = self._closed_steps
        return well

    def _call(self, method: Callable[..., None], tasks: TaskGroup, record: CommandRecord) -> bool:
        ctx = Context(record.entry, self._caller.outbox, tasks)
        well = self._caller.call(method, record.command, ctx, key=record.entry.key)
        ctx.finish()
        return well

    def _build(self, record: CommandRecord, *, restored: bool) -> bool:
        tasks = self._make_tasks(record)
        ctx = Context(record.entry, self._caller.outbox, tasks, restored=restored)
        controller = self._caller.make(self._plan.controller, record.command, ctx, key=ctx.key)
        ctx.finish()
        if controller is None:
            self._caller.join(tasks, key=record.key)
            return False
        self._open(record, controller, tasks)
        return True

    def _restore_controller(self, record: CommandRecord, backlog: Iterable[Entry]) -> bool:
        log = self._log.bind(key=record.key)
        if not self._plan.restore:
            log.info("the session goes on without its controller, which is not to be restored")
        elif record.command is None:
            log.error("the session goes on without its controller: {why}", why=record.problem)
        elif any(self._is_end(entry) for entry in backlog):
            log.warning("the session ended while this service was down; it is not restored")
        elif self._build(record, restored=True):
            log.info("the session goes on with a restored controller")
            return True
        else:
            log.error("the session goes on without its controller; restart the service to retry")
        return False

    def _open(self, record: CommandRecord, controller: Controller | None, tasks: TaskGroup) -> None:
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
            text=SavedSession(begin=begin).model_dump_json(exclude_none=True),
            controller=controller,
            tasks=tasks,
        )
        self.steps = self._open_steps(controller, tasks)

    def _open_steps(self, controller: Controller | None, tasks: TaskGroup) -> Mapping[str, Step]:
        plan = self._plan
        steps: dict[str, Step] = {}
        for command_class, name in plan.methods.items() if controller else ():
            method = getattr(controller, name)
            steps[command_class.options.type] = partial(self._call, method, tasks)
        steps[plan.begins.options.type] = self._refuse
        steps[plan.ends.options.type] = self._end
        return steps

    def _is_end(self, entry: Entry) -> bool:
        return (
            entry.type == self._plan.ends.options.type
            and self._catalog.decode(entry).command is not None
        )

    def _make_tasks(self, record: CommandRecord) -> TaskGroup:
        return self._caller.make_tasks(f"the session {record.key}")
