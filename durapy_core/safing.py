"""Making a service safe in one term: its handlers of the safe state, and the receipt of that."""

from dataclasses import replace
from time import monotonic

from durapy_core.calls import Caller
from durapy_core.context import ServiceContext
from durapy_core.engines.base import RECEIPTS, SAFETY
from durapy_core.engines.lead import Lead
from durapy_core.engines.safe_state import SafeState
from durapy_core.errors import EngineError, LeaseLostError
from durapy_core.receipt import Outcome, Receipt
from durapy_core.service import Service
from durapy_core.status import SafeAnswer
from durapy_core.store_clock import StoreClock


class Safing:
    """Makes a service safe while its process leads; called by the thread of the safe state."""

    def __init__(
        self,
        service: Service,
        lead: Lead,
        *,
        caller: Caller,
        ctx: ServiceContext,
        clock: StoreClock,
    ) -> None:
        self._service = service
        self._engine = caller.outbox.engine
        self._lead = lead
        self._caller = caller
        self._ctx = ctx
        self._clock = clock
        self._log = caller.outbox.log
        self._began_at_s = 0.0

    def act(self, state: SafeState) -> SafeAnswer:
        """Call every handler of the safe state, and return whether all went well."""
        key = state.key or ""
        hooks = self._service.safe_state_hooks
        if not hooks:
            return SafeAnswer(key=key, state="none")
        self._began_at_s = self._clock.now_s()
        began_s = monotonic()
        whys = [self._caller.call(hook, self._ctx, key=state.marker) for hook in hooks]
        took_s = monotonic() - began_s
        text = "; ".join(filter(None, whys))
        if text:
            self._log.error("this service could not be made safe: {why}", why=text)
        else:
            self._log.warning("this service was made safe", took_s=round(took_s, 6))
        return SafeAnswer(key=key, state="failed" if text else "safe", text=text, took_s=took_s)

    def report(self, state: SafeState, answer: SafeAnswer) -> None:
        """Append the receipt, whose cause is the marker in the log of commands.

        That log's keys are what receipts go by; one of the log `safety` might be another record's.
        """
        if answer.state == "none" or state.marker is None:
            return
        try:
            entered = self._engine.get(SAFETY, answer.key)
            receipt = Receipt(
                key=state.marker,
                service=self._service.name,
                outcome=Outcome.DONE if answer.state == "safe" else Outcome.FAILED,
                text=answer.text,
                wait_s=max(self._began_at_s - entered.sent_at_s, 0.0) if entered else None,
                took_s=answer.took_s,
            )
            send_id = f"safe/{self._service.name}/{self._lead.tenure.epoch}/{answer.key}"
            self._lead.append(RECEIPTS, replace(receipt.to_entry(), id=send_id))
        except LeaseLostError:
            pass  # who leads now makes safe itself, and says so
        except EngineError as error:
            self._log.error("that this service was made safe is not on record: {why}", why=error)
