"""The contract suite's part on leading a service: leases, fencing, receipts, marks.

Mixed into `EngineContract` through `LeadContract`; leases in these tests are short, and a test
waits for one to run out by asking for it again, never by sleeping.
"""

import time
from collections.abc import Iterator
from typing import Final

import pytest

from durapy_core.engines.base import COMMANDS, LEASES, RECEIPTS, Engine, Progress
from durapy_core.engines.lead import Lead
from durapy_core.entry import START, Cursor, NewEntry
from durapy_core.errors import LeaseLostError
from durapy_core.receipt import Outcome, Receipt

LONG_LEASE_S: Final = 60.0
SHORT_LEASE_S: Final = 0.2
_LIMIT_S: Final = 30.0


def take(engine: Engine, service: str = "valve", *, lease_s: float = LONG_LEASE_S) -> Lead:
    """Return the lead of a service, waiting until its present lease has run out."""
    deadline_s = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline_s:
        if lead := engine.lead(service, lease_s=lease_s):
            return lead
        time.sleep(0.01)
    raise AssertionError(f"nobody gave up the lease of {service}")


def receipt(key: str, outcome: Outcome = Outcome.DONE) -> NewEntry:
    """Return the entry of a receipt for the record `key`."""
    return Receipt(key=key, service="valve", outcome=outcome).to_entry()


class LeadContract:
    """What leading a service means on every engine; `engine` and `rival` share one store."""

    @pytest.fixture
    def rival(self, engine: Engine) -> Engine:
        """Return a second engine on the store of `engine`; itself where there is no second one."""
        return engine

    @pytest.fixture
    def lead(self, engine: Engine) -> Iterator[Lead]:
        """Return the lead of the service `valve`."""
        lead = take(engine)
        yield lead
        lead.close()

    def test_the_first_leader_finds_nothing_of_a_predecessor(self, lead: Lead) -> None:
        tenure = lead.tenure

        assert (tenure.epoch, tenure.progress, tenure.mark) == (1, None, None)
        assert (tenure.clean, tenure.attempts, tenure.held_until_s) == (True, 0, 0.0)
        assert abs(tenure.now_s - time.time()) < _LIMIT_S

    def test_a_lease_has_one_holder(self, lead: Lead, engine: Engine, rival: Engine) -> None:
        assert lead.tenure.epoch == 1
        assert rival.lead("valve", lease_s=LONG_LEASE_S) is None
        assert engine.lead("valve", lease_s=LONG_LEASE_S) is None

    def test_services_are_led_apart(self, lead: Lead, rival: Engine) -> None:
        other = take(rival, "camera")

        assert other.tenure.epoch == 1
        lead.renew()
        other.release(None)

    def test_a_leader_sends_and_reads_as_anybody(self, lead: Lead, engine: Engine) -> None:
        one = lead.append(COMMANDS, NewEntry(type="PING", body="{}"))
        two, three = lead.append_many(COMMANDS, [NewEntry(type="PING", body="{}")] * 2)

        assert lead.read(COMMANDS, after=START) == [one, two, three]
        assert engine.read(COMMANDS, after=START) == [one, two, three]

    def test_a_release_hands_over_the_progress(self, lead: Lead, rival: Engine) -> None:
        progress = Progress(service="valve", cursor=Cursor("7"), session="{}")

        lead.release(progress)
        after = take(rival).tenure

        assert (after.epoch, after.progress, after.clean) == (2, progress, True)
        assert (after.attempts, after.mark) == (0, None)

    def test_a_release_wakes_who_waits(self, lead: Lead, rival: Engine) -> None:
        lead.release(None)

        (entry,) = rival.read(LEASES, after=START, wait_s=_LIMIT_S)
        assert entry.sender == "valve"

    def test_a_released_lead_writes_nothing_more(self, lead: Lead, engine: Engine) -> None:
        lead.release(None)

        with pytest.raises(LeaseLostError):
            lead.append(COMMANDS, NewEntry(type="PING", body="{}"))
        assert engine.end(COMMANDS) == START

    def test_a_forgotten_service_is_as_one_that_never_ran(
        self, lead: Lead, engine: Engine, rival: Engine
    ) -> None:
        stored = engine.append(COMMANDS, NewEntry(type="PING", body="{}"))
        done = Progress(service="valve", cursor=Cursor(stored.key), session="open")
        lead.commit(done)
        lead.mark(stored.key)

        lead.forget()

        assert engine.load_progress("valve") is None
        with pytest.raises(LeaseLostError):
            lead.commit(done)
        again = take(rival).tenure
        assert (again.progress, again.mark, again.clean, again.attempts) == (None, None, True, 0)
        assert again.epoch > lead.tenure.epoch

    def test_who_lost_the_lease_forgets_nothing(self, engine: Engine, rival: Engine) -> None:
        late = take(engine, lease_s=SHORT_LEASE_S)
        heir = take(rival)
        heir.commit(Progress(service="valve", cursor=START))

        with pytest.raises(LeaseLostError):
            late.forget()

        assert engine.load_progress("valve") is not None

    def test_a_lease_that_ran_out_is_taken_over(self, engine: Engine, rival: Engine) -> None:
        old = take(engine, lease_s=SHORT_LEASE_S)
        old.commit(Progress(service="valve", cursor=Cursor("3"), session="s"))

        after = take(rival).tenure

        assert (after.epoch, after.clean, after.attempts) == (2, False, 1)
        assert after.progress == Progress(service="valve", cursor=Cursor("3"), session="s")
        assert after.now_s >= after.held_until_s > old.tenure.now_s
        old.close()

    @pytest.mark.parametrize(
        "way", ["append", "append_many", "commit", "read", "read only", "mark", "renew"]
    )
    def test_nothing_of_a_superseded_leader_enters(
        self, engine: Engine, rival: Engine, way: str
    ) -> None:
        old = take(engine, lease_s=SHORT_LEASE_S)
        new = take(rival)
        late = NewEntry(type="PING", body="{}")
        progress = Progress(service="valve", cursor=Cursor("9"), receipts=(receipt("9"),))

        with pytest.raises(LeaseLostError, match="valve"):
            _use(old, way, late, progress)

        assert rival.end(COMMANDS) == START
        assert rival.end(RECEIPTS) == START
        assert rival.load_progress("valve") is None
        new.release(None)
        assert take(engine).tenure.mark is None
        old.close()

    def test_a_lease_that_ran_out_may_be_renewed(self, engine: Engine) -> None:
        lead = take(engine, lease_s=SHORT_LEASE_S)
        until_s = lead.tenure.now_s + SHORT_LEASE_S
        while engine.now_s() <= until_s:
            time.sleep(0.01)

        assert lead.renew() > until_s
        assert lead.append(COMMANDS, NewEntry(type="PING", body="{}")).key
        lead.close()

    def test_receipts_and_progress_are_one_step(self, lead: Lead, engine: Engine) -> None:
        progress = Progress(
            service="valve", cursor=Cursor("2"), receipts=(receipt("1"), receipt("2"))
        )

        lead.commit(progress)
        lead.read(COMMANDS, after=START, commit=_at("3", receipt("3")))

        assert [e.cause for e in engine.read(RECEIPTS, after=START)] == ["1", "2", "3"]
        kept = engine.load_progress("valve")
        assert kept is not None
        assert kept.cursor == "3"

    def test_takeovers_without_progress_are_counted_where_a_record_was_touched(
        self, engine: Engine, rival: Engine
    ) -> None:
        counts = []
        for store, touches in ((engine, 0), (rival, 1), (engine, 1), (rival, 0), (engine, 1)):
            lead = take(store, lease_s=SHORT_LEASE_S)
            counts.append(lead.tenure.attempts)
            if touches:
                lead.mark("1")
            lead.close()

        lead = take(engine, lease_s=SHORT_LEASE_S)
        lead.commit(_at("1"))
        lead.close()
        moved = take(rival)

        assert counts == [0, 1, 2, 3, 3]
        assert moved.tenure.attempts == 1

    def test_a_mark_stays_until_progress_is_made(self, engine: Engine, rival: Engine) -> None:
        first = take(engine, lease_s=SHORT_LEASE_S)
        first.mark("5")
        second = take(rival, lease_s=SHORT_LEASE_S)
        assert second.tenure.mark == "5"

        second.commit(_at("5"))

        assert take(engine).tenure.mark is None
        first.close()
        second.close()

    def test_what_a_record_caused_is_found(self, lead: Lead, engine: Engine) -> None:
        cause = lead.append(COMMANDS, NewEntry(type="PING", body="{}")).key
        effects = [
            lead.append(COMMANDS, NewEntry(type="PONG", body="{}", cause=cause, n=n, sender="a"))
            for n in (1, 2)
        ]
        lead.append(COMMANDS, NewEntry(type="PONG", body="{}"))
        lead.commit(_at(cause, receipt(cause)))

        assert engine.caused_by(COMMANDS, cause) == effects
        assert engine.caused_by(COMMANDS, cause, limit=1) == effects[:1]
        (found,) = engine.caused_by(RECEIPTS, cause)
        assert Receipt.from_entry(found) == Receipt(
            key=cause, service="valve", outcome=Outcome.DONE
        )
        assert engine.caused_by(COMMANDS, effects[1].key) == []
        assert engine.caused_by(COMMANDS, "no key") == []

    def test_the_stores_clock_goes_on(self, engine: Engine) -> None:
        first = engine.now_s()

        assert engine.now_s() >= first
        assert abs(first - time.time()) < _LIMIT_S


def _at(key: str, *receipts: NewEntry) -> Progress:
    return Progress(service="valve", cursor=Cursor(key), receipts=receipts)


def _use(lead: Lead, way: str, entry: NewEntry, progress: Progress) -> None:
    match way:
        case "append":
            lead.append(COMMANDS, entry)
        case "append_many":
            lead.append_many(COMMANDS, [entry, entry])
        case "commit":
            lead.commit(progress)
        case "read":
            lead.read(COMMANDS, after=START, commit=progress)
        case "read only":
            lead.read(COMMANDS, after=START)
        case "mark":
            lead.mark("9")
        case _:
            lead.renew()
