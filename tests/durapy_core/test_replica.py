"""Turns with the log: what is handled, when it is saved, and a store that goes away."""

import time
from threading import Thread

import pytest

from durapy_core import Context, Controller, DurapyError, Service, ServiceContext
from durapy_core.catalog import PublishedCatalog, encode
from durapy_core.engines.base import CATALOG, COMMANDS, RECEIPTS, Progress
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import EngineError, ServiceError
from durapy_core.patience import StoppedWaitingError
from durapy_core.receipt import Outcome, Receipt
from durapy_core.replica import Replica, ReplicaOptions
from durapy_core.runtime import run_service
from durapy_core.settings import Settings
from durapy_core.status import ServiceState
from tests.support.fickle_engine import FickleEngine
from tests.support.log_lines import logged
from tests.support.vocabulary import (
    BeginCommand,
    DeepCommand,
    EchoCommand,
    FinishCommand,
    HintCommand,
)

LIMIT_S = 10


class Rig:
    """A service that writes down the hints it hears."""

    def __init__(self) -> None:
        self.engine = FickleEngine()
        self.service = Service("rig")
        self.heard: list[str] = []

        @self.service.on(HintCommand)
        def hear(command: HintCommand, ctx: Context) -> None:
            self.heard.append(command.text)
            if command.text == "fail":
                raise ValueError("fail")

        self.service.on(DeepCommand)(lambda command, _ctx: self.heard.append(str(command)))
        self.service.session(Controller, begins=BeginCommand, ends=FinishCommand)

    def hint(self, *texts: str) -> list[str]:
        entries = [encode(HintCommand(text=text)) for text in texts]
        return [entry.key for entry in self.engine.append_many(COMMANDS, entries)]

    def raw(self, wire_type: str, body: str) -> str:
        return self.engine.append(COMMANDS, NewEntry(type=wire_type, body=body)).key

    def replica(self, commit_s: float = 3600) -> Replica:
        return Replica(self.service, self.engine, ReplicaOptions(commit_s=commit_s, lease_s=0.1))

    def saved(self) -> Progress:
        progress = self.engine.load_progress("rig")
        assert progress is not None
        return progress


def start(rig: Rig, *, commit_s: float = 3600, first: Cursor | None = START) -> Replica:
    replica = rig.replica(commit_s)
    replica.startup(first=first)
    return replica


def test_a_service_begins_at_the_end_of_the_log_on_its_first_start_ever() -> None:
    rig = Rig()
    last = rig.hint("from before", "from before, too")[-1]
    replica = start(rig, first=None)

    assert rig.saved() == Progress(service="rig", cursor=Cursor(last))
    rig.hint("from now on")
    replica.turn(0)

    assert rig.heard == ["from now on"]


def test_with_from_start_a_service_that_never_ran_begins_at_the_first_record() -> None:
    rig = Rig()
    rig.hint("from before")
    settings = Settings(engine="memory://")

    @rig.service.on(EchoCommand)
    def leave(command: EchoCommand, ctx: Context) -> None:
        ctx.stop_service()

    for _ in range(2):  # the second time it has run before
        rig.engine.append(COMMANDS, encode(EchoCommand()))
        run_service(rig.service, rig.engine, settings, from_start=True)

    assert rig.heard == ["from before"]


def test_a_service_hears_what_it_sends_at_its_first_start() -> None:
    rig = Rig()
    rig.hint("from before")

    @rig.service.on_start
    def begin(ctx: ServiceContext) -> None:
        ctx.send(HintCommand(text="own"))

    start(rig, first=None).turn(0)

    assert rig.heard == ["own"]


def test_a_restarted_service_goes_on_after_the_last_record_it_finished() -> None:
    rig = Rig()
    replica = start(rig)
    rig.hint("one", "two")
    replica.turn(0)
    replica.shutdown()
    rig.hint("three")
    start(rig).turn(0)

    assert rig.heard == ["one", "two", "three"]


def test_the_progress_of_a_batch_travels_with_the_next_read() -> None:
    rig = Rig()
    replica = start(rig)
    rig.engine.commits.clear()
    keys = rig.hint("one", "two", "three")
    replica.turn(0)

    assert rig.engine.commits == []
    replica.turn(0)
    assert [commit.cursor for commit in rig.engine.commits] == [keys[-1]]
    replica.turn(0)
    assert len(rig.engine.commits) == 1


def test_progress_past_records_that_nothing_hears_is_saved_with_the_next_that_is_heard() -> None:
    rig = Rig()
    replica = start(rig)
    rig.engine.commits.clear()
    rig.raw("FOREIGN", "{}")
    replica.turn(0)
    replica.turn(0)

    assert rig.engine.commits == []
    key = rig.hint("one")[0]
    replica.turn(0)
    replica.turn(0)

    assert [commit.cursor for commit in rig.engine.commits] == [key]


def test_progress_past_records_that_nothing_hears_is_saved_at_the_end() -> None:
    rig = Rig()
    replica = start(rig)
    key = rig.raw("FOREIGN", "{}")
    replica.turn(0)

    replica.shutdown()

    assert rig.saved().cursor == key


def test_within_a_long_batch_progress_is_saved_meanwhile_but_not_for_its_last_record() -> None:
    rig = Rig()
    replica = start(rig, commit_s=0)
    rig.engine.commits.clear()
    keys = rig.hint("one", "two", "three")
    replica.turn(0)

    assert [commit.cursor for commit in rig.engine.commits] == keys[:2]
    replica.turn(0)
    assert [commit.cursor for commit in rig.engine.commits] == keys


def test_while_records_keep_coming_progress_is_saved_once_in_a_while() -> None:
    rig = Rig()
    replica = start(rig)
    rig.engine.commits.clear()
    for text in ("one", "two", "three"):
        rig.hint(text)
        replica.turn(LIMIT_S)

    assert rig.heard == ["one", "two", "three"]
    assert rig.engine.commits == []


def test_what_comes_long_after_the_last_save_is_saved_with_the_next_read_at_once() -> None:
    rig = Rig()
    replica = start(rig, commit_s=0.05)
    rig.engine.commits.clear()
    assert replica._term is not None
    replica._term._books.written_s -= 3600
    (key,) = rig.hint("one")
    replica.turn(LIMIT_S)
    rig.hint("two")
    replica.turn(LIMIT_S)

    assert [commit.cursor for commit in rig.engine.commits] == [key]


def test_before_a_service_waits_for_longer_its_progress_is_saved() -> None:
    rig = Rig()
    replica = start(rig, commit_s=0.05)
    rig.engine.commits.clear()
    (key,) = rig.hint("one")
    replica.turn(LIMIT_S)
    replica.turn(0.1)

    assert [commit.cursor for commit in rig.engine.commits] == [key]


def test_a_killed_process_may_be_handed_what_it_had_not_saved() -> None:
    rig = Rig()
    rig.hint("one", "two")
    start(rig).turn(0)
    start(rig).turn(0)

    assert rig.heard == ["one", "two", "one", "two"]


def test_the_open_session_is_saved_with_the_cursor() -> None:
    rig = Rig()
    replica = start(rig)
    rig.engine.append(COMMANDS, encode(BeginCommand(name="a")))
    replica.turn(0)
    replica.turn(0)

    saved = rig.saved().session
    assert saved is not None
    assert "TEST_BEGIN" in saved
    rig.engine.append(COMMANDS, encode(FinishCommand()))
    replica.turn(0)
    replica.turn(0)

    assert rig.saved().session is None


def test_what_cannot_be_decoded_is_logged_counted_and_skipped() -> None:
    rig = Rig()
    replica = start(rig)
    keys = [
        rig.raw("TEST_HINT", "not JSON"),
        rig.raw("TEST_HINT", '{"text": 7}'),
        rig.raw("TEST_HINT", "[]"),
        rig.raw("TEST_DEEP", '{"inner": {"a": "x"}}'),
    ]
    rig.raw("NEVER_HEARD_OF", "not JSON either")
    rig.hint("fine")
    with logged() as lines:
        replica.turn(0)

    reports = [line for line in lines if line["level"].name == "WARNING"]
    assert [line["extra"]["key"] for line in reports] == keys
    assert all(line["extra"]["problem"] for line in reports)
    assert rig.heard == ["fine"]
    assert (replica.status().invalid, replica.status().handled) == (4, 1)


def test_an_entry_without_type_or_body_is_reported() -> None:
    rig = Rig()
    replica = start(rig)
    log = rig.engine._log(COMMANDS)  # where a foreign writer has left something
    log.entries.append(Entry(key="1", sent_at_s=0, type=None, body="{}"))
    log.entries.append(Entry(key="2", sent_at_s=0, type="TEST_HINT", body=None))
    with logged() as lines:
        replica.turn(0)

    problems = [line["extra"]["problem"] for line in lines]
    assert problems == ["the entry has no field 'type'", "the entry has no field 'body'"]
    assert replica.status().invalid == 2


def test_unknown_fields_of_a_newer_sender_are_left_out_and_counted() -> None:
    rig = Rig()
    replica = start(rig)
    rig.raw("TEST_HINT", '{"text": "new", "colour": "red", "size": 3}')
    replica.turn(0)

    assert rig.heard == ["new"]
    assert replica.status().unknown_fields == 2


def test_a_type_that_nobody_hears_here_is_not_even_decoded() -> None:
    rig = Rig()
    replica = start(rig)
    rig.raw("TEST_ECHO", "not JSON")
    rig.raw("TEST_FINISH", "not JSON: no session is open")
    replica.turn(0)
    replica.shutdown()

    assert replica.status().invalid == 0
    assert rig.saved().cursor == rig.engine.end(COMMANDS)


def test_a_failing_handler_is_logged_with_its_key_and_counted_and_the_loop_goes_on() -> None:
    rig = Rig()
    replica = start(rig)
    key = rig.hint("fail", "go on")[0]
    with logged() as lines:
        replica.turn(0)

    failed = next(line for line in lines if line["level"].name == "ERROR")
    assert failed["extra"]["key"] == key
    assert failed["extra"]["service"] == "rig"
    assert failed["exception"] is not None
    assert failed["message"] == "hear failed: ValueError: fail"
    assert rig.heard == ["fail", "go on"]
    assert (replica.status().failed, replica.status().handled) == (1, 1)


def test_sys_exit_in_a_handler_ends_nothing_and_says_what_to_do() -> None:
    rig = Rig()

    @rig.service.on(EchoCommand)
    def leave(command: EchoCommand, ctx: Context) -> None:
        raise SystemExit

    replica = start(rig)
    rig.engine.append(COMMANDS, encode(EchoCommand()))
    rig.hint("still here")
    with logged() as lines:
        replica.turn(0)

    assert rig.heard == ["still here"]
    assert "ctx.stop_service()" in next(
        line["message"] for line in lines if line["level"].name == "ERROR"
    )


def test_a_store_that_goes_away_is_waited_for_loudly_once_and_nothing_is_lost() -> None:
    rig = Rig()
    replica = start(rig)
    keys = rig.hint("one", "two")
    replica.turn(0)
    rig.hint("three")
    rig.engine.away, rig.engine.back_after = True, 3
    with logged() as lines:
        replica.turn(0)
        replica.turn(0)

    levels = [line["level"].name for line in lines]
    assert rig.heard == ["one", "two", "three"]
    assert levels.count("ERROR") == 1
    assert levels.count("WARNING") == 1
    assert rig.engine.commits[-1].cursor > keys[-1]


def test_a_store_that_goes_away_within_a_batch_is_no_reason_to_handle_anything_twice() -> None:
    rig = Rig()
    replica = start(rig, commit_s=0)

    rig.hint("one", "two", "three")
    original = rig.engine.commit

    def failing(progress: Progress) -> None:
        rig.engine.away, rig.engine.back_after = True, 2
        rig.engine.commit = original  # type: ignore[method-assign] # only the first one fails
        original(progress)

    rig.engine.commit = failing  # type: ignore[method-assign] # as above
    while replica.turn(0):
        pass

    assert rig.heard == ["one", "two", "three"]


@pytest.mark.parametrize("commit_s", [0, 3600])
def test_after_a_send_that_was_refused_nothing_is_handled_until_the_store_takes_the_progress(
    commit_s: float,
) -> None:
    rig = Rig()
    rig.engine.error = EngineError

    @rig.service.on(EchoCommand)
    def send_to_a_full_store(command: EchoCommand, ctx: Context) -> None:
        rig.engine.away, rig.engine.back_after = True, 3
        ctx.send(HintCommand(text="never stored"))

    replica = start(rig, commit_s=commit_s)
    rig.hint("before")
    refused = rig.engine.append(COMMANDS, encode(EchoCommand()))
    rig.hint("after")
    assert replica.turn(0) == 3
    assert rig.heard == ["before"]

    while replica.turn(0):
        pass

    receipts = [Receipt.from_entry(entry) for entry in rig.engine.page(RECEIPTS)]
    failed = [receipt.key for receipt in receipts if receipt.outcome is Outcome.FAILED]
    assert rig.heard == ["before", "after"]
    assert failed == [refused.key]


def test_a_standby_waits_for_a_store_that_refuses_and_a_process_that_starts_ends() -> None:
    rig = Rig()
    leader = start(rig)
    standby = Replica(rig.service, rig.engine, ReplicaOptions(lease_s=60))
    assert not standby._take_lead(0)
    rig.engine.error, rig.engine.away = EngineError, True

    with pytest.raises(EngineError):
        rig.replica().startup()
    rig.engine.back_after = 2
    with logged() as lines:
        assert standby.turn(0) == 0

    assert standby.status().state is ServiceState.STANDBY
    assert "waiting for the store: the store is away" in [line["message"] for line in lines]
    leader.shutdown()


def test_a_service_that_is_told_to_stop_does_not_wait_for_the_store() -> None:
    rig = Rig()
    replica = start(rig)
    rig.hint("one")
    replica.turn(0)
    rig.engine.away = True
    ended: list[bool] = []

    def run() -> None:
        with pytest.raises(StoppedWaitingError):
            replica.turn(0)
        replica.shutdown()
        ended.append(True)

    thread = Thread(target=run)
    thread.start()
    assert rig.engine.refused.wait(LIMIT_S)
    replica.stop()
    thread.join(LIMIT_S)

    assert ended
    assert replica.status().state is ServiceState.STOPPED


def test_a_store_that_lost_the_end_of_its_log_does_not_leave_the_service_deaf() -> None:
    rig = Rig()
    replica = start(rig)
    rig.hint("one", "two", "three")
    replica.turn(0)
    rig.engine.lose_everything()
    rig.engine.away, rig.engine.back_after = True, 1
    with logged() as lines:
        replica.turn(0)
    rig.hint("after the loss")
    replica.turn(0)

    assert rig.heard == ["one", "two", "three", "after the loss"]
    assert any("lost the end of the log" in line["message"] for line in lines)
    assert "rig" in rig.engine.table(CATALOG)
    assert replica.status().lost_tails == 1


def test_records_that_were_trimmed_before_they_were_read_are_reported_as_missed() -> None:
    rig = Rig()
    replica = start(rig)
    rig.hint("one")
    replica.turn(0)
    replica.shutdown()
    rig.hint("two", "three", "four")
    rig.engine.trim(COMMANDS, keep=1)
    with logged() as lines:
        successor = start(rig)
    successor.turn(0)

    (missed,) = [line for line in lines if line["message"].startswith("records were missed")]
    assert rig.heard == ["one", "four"]
    assert (missed["extra"]["after"], missed["extra"]["to"]) == ("1", "3")
    assert successor.status().fault == "missed the records after 1 up to 3: trimmed"


def test_a_saved_cursor_beyond_the_end_of_the_log_is_brought_back() -> None:
    rig = Rig()
    rig.engine.commit(Progress(service="rig", cursor=Cursor("99")))
    replica = start(rig)
    rig.hint("heard")
    replica.turn(0)

    assert rig.heard == ["heard"]


def test_the_catalog_is_published_before_the_start_hooks() -> None:
    rig = Rig()
    seen: list[PublishedCatalog] = []

    @rig.service.on_start
    def look(ctx: ServiceContext) -> None:
        text = rig.engine.table(CATALOG)["rig"].text
        seen.append(PublishedCatalog.model_validate_json(text))

    start(rig)

    assert seen == [rig.service.publish()]


def test_start_hooks_run_in_order_and_stop_hooks_in_reverse() -> None:
    rig = Rig()
    order: list[str] = []
    rig.service.on_start(lambda _ctx: order.append("start a"))
    rig.service.on_start(lambda _ctx: order.append("start b"))
    rig.service.on_stop(lambda _ctx: order.append("stop a"))
    rig.service.on_stop(lambda _ctx: order.append("stop b"))

    start(rig).shutdown()

    assert order == ["start a", "start b", "stop b", "stop a"]


def test_a_start_hook_that_fails_keeps_the_service_from_starting() -> None:
    rig = Rig()
    closed: list[str] = []
    rig.service.on_stop(lambda _ctx: closed.append("closed"))

    @rig.service.on_start
    def open_device(ctx: ServiceContext) -> None:
        raise OSError("no such device")

    replica = rig.replica()
    with pytest.raises(ServiceError, match=r"rig.* cannot start: open_device failed: OSError: no"):
        replica.startup()
    replica.shutdown()

    assert closed == []


def test_a_start_hook_may_refuse_with_words_of_its_own() -> None:
    rig = Rig()

    @rig.service.on_start
    def refuse(ctx: ServiceContext) -> None:
        raise DurapyError("The valve is not calibrated; run `calibrate`.")

    with pytest.raises(DurapyError, match=r"^The valve is not calibrated"):
        rig.replica().startup()


def test_a_stop_hook_that_fails_does_not_keep_the_others_from_running() -> None:
    rig = Rig()
    closed: list[str] = []
    rig.service.on_stop(lambda _ctx: closed.append("closed"))

    @rig.service.on_stop
    def fail(ctx: ServiceContext) -> None:
        raise OSError("stuck")

    start(rig).shutdown()

    assert closed == ["closed"]


def test_the_status_says_what_the_replica_does() -> None:
    rig = Rig()
    states: list[ServiceState] = []
    replica = rig.replica()
    rig.service.on_start(lambda _ctx: states.append(replica.status().state))
    rig.service.on_stop(lambda _ctx: states.append(replica.status().state))
    replica.startup(first=START)
    states.append(replica.status().state)
    rig.engine.append(COMMANDS, encode(BeginCommand(name="a")))
    replica.turn(0)
    states.append(replica.status().state)
    replica.shutdown()
    states.append(replica.status().state)

    assert [str(state) for state in states] == [
        *("starting", "idle", "in_session", "stopping", "stopped")
    ]
    status = replica.status()
    assert status.session is not None
    assert status.session.label == "a"
    assert status.lag_s is not None
    assert 0 <= status.lag_s < LIMIT_S
    assert status.p99_s is not None
    assert status.p50_s is not None
    assert status.p50_s <= status.p99_s


def test_two_replicas_have_different_names() -> None:
    assert ReplicaOptions().name != ReplicaOptions().name


def test_a_turn_waits_for_the_first_record() -> None:
    rig = Rig()
    replica = start(rig)
    began = time.monotonic()
    thread = Thread(target=lambda: rig.hint("at last"))
    thread.start()
    replica.turn(LIMIT_S)
    thread.join()

    assert rig.heard == ["at last"]
    assert time.monotonic() - began < LIMIT_S
