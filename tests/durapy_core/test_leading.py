"""One of each: who leads, who stands by, and what a process does that has lost the lead."""

from collections.abc import Callable
from threading import Event

import pytest

from durapy_core import (
    BackgroundContext,
    Context,
    Controller,
    Service,
    ServiceContext,
    StopReason,
    on,
)
from durapy_core.catalog import PublishedCatalog, encode
from durapy_core.engines.base import CATALOG, COMMANDS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import START
from durapy_core.errors import LeaseLostError, ServiceError
from durapy_core.patience import StoppedWaitingError
from durapy_core.replica import Replica, ReplicaOptions
from durapy_core.status import ServiceState
from tests.support.log_lines import logged
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand
from tests.support.waiting import wait_for

LONG_S = 60.0
SHORT_S = 0.1
LIMIT_S = 10


class Rig:
    """A service whose replicas write down, each by its name, what happens to them."""

    def __init__(self) -> None:
        self.engine = MemoryEngine()
        self.told: list[str] = []

    def replica(self, name: str, *, lease_s: float = LONG_S) -> Replica:
        service = Service("rig", sends=[EchoCommand], safe=self.hook(f"{name} made safe"))
        service.on_start(self.hook(f"{name} opened"))
        service.on_stop(self.hook(f"{name} closed"))
        service.session(self.controller(name), begins=BeginCommand, ends=FinishCommand)

        @service.on(HintCommand)
        def hear(command: HintCommand, ctx: Context) -> None:
            self.told.append(f"{name} heard {command.text}")
            ctx.send(EchoCommand(text=command.text))

        return Replica(service, self.engine, ReplicaOptions(name=name, lease_s=lease_s))

    def hook(self, text: str) -> Callable[[ServiceContext], None]:
        def tell(_ctx: ServiceContext) -> None:
            self.told.append(text)

        return tell

    def controller(self, name: str) -> type[Controller]:
        told = self.told

        class Story(Controller):
            """Tells of its begin and its end."""

            def __init__(self, start: BeginCommand, ctx: Context) -> None:
                told.append(f"{name} {'restored' if ctx.restored else 'began'}")

            @on(EchoCommand)
            def echo(self, command: EchoCommand, ctx: Context) -> None:
                """Hear an echo."""

            def stop(self, ctx: Context) -> None:
                told.append(f"{name} stopped: {ctx.reason}")
                if ctx.reason is StopReason.HANDOVER:
                    with pytest.raises(LeaseLostError):
                        ctx.send(EchoCommand(text="too late"))

        return Story

    def send(self, *texts: str) -> None:
        self.engine.append_many(COMMANDS, [encode(HintCommand(text=text)) for text in texts])

    def begin(self) -> None:
        self.engine.append(COMMANDS, encode(BeginCommand()))

    def expire(self) -> None:
        """Let the lease run out at once."""
        self.engine._leases["rig"].until_s = 0.0


@pytest.fixture
def rig() -> Rig:
    return Rig()


def lead(replica: Replica) -> Replica:
    replica.startup(first=START)
    return replica


def standby(replica: Replica) -> Replica:
    """Start a replica that cannot lead now."""
    replica._first = START
    assert not replica._take_lead(0)
    return replica


def test_a_second_process_of_a_service_stands_by_and_touches_nothing(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    second = standby(rig.replica("two"))
    rig.send("a")
    second.turn(0)
    first.turn(0)

    assert rig.told == ["one opened", "one heard a"]
    assert second.status().state is ServiceState.STANDBY
    assert first.status().state is ServiceState.IDLE


def test_a_standby_measures_the_stores_clock_too(rig: Rig) -> None:
    lead(rig.replica("one"))
    second = standby(rig.replica("two"))
    assert second.status().clock_offset_s is None

    second.renew_lease()

    offset_s = second.status().clock_offset_s
    assert offset_s is not None
    assert abs(offset_s) < LIMIT_S


def test_a_standby_takes_over_from_a_leader_that_ends_and_restores_the_session(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    second = standby(rig.replica("two"))
    rig.begin()
    first.turn(0)
    first.shutdown()
    rig.send("a")
    second.turn(LIMIT_S)
    second.turn(0)

    assert rig.told == [
        *("one opened", "one began", "one stopped: shutdown", "one closed"),
        *("two opened", "two restored", "two heard a"),
    ]


def test_a_release_wakes_a_standby_at_once(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    second = standby(rig.replica("two"))
    first.shutdown()
    second._look_s = LIMIT_S
    second.turn(LIMIT_S)  # returns at the release that came meanwhile
    second.turn(0)

    assert second.status().state is ServiceState.IDLE


def test_after_a_death_the_hardware_is_made_safe_before_it_is_opened(rig: Rig) -> None:
    lead(rig.replica("one"))
    rig.expire()
    lead(rig.replica("two"))

    assert rig.told == ["one opened", "two made safe", "two opened"]


def test_after_an_end_in_order_nothing_needs_to_be_made_safe(rig: Rig) -> None:
    lead(rig.replica("one")).shutdown()
    lead(rig.replica("two"))

    assert "two made safe" not in rig.told


def test_a_service_that_cannot_make_safe_does_not_start_and_the_next_one_tries_again() -> None:
    rig = Rig()
    lead(rig.replica("one"))

    def stuck(_ctx: ServiceContext) -> None:
        raise OSError("the valve is stuck")

    broken = Replica(
        Service("rig", safe=stuck), rig.engine, ReplicaOptions(name="two", lease_s=SHORT_S)
    )
    rig.expire()
    with pytest.raises(ServiceError, match=r"cannot start: .*stuck failed: OSError"):
        broken.startup()
    broken.shutdown()
    lead(rig.replica("three"))

    assert rig.told == ["one opened", "three made safe", "three opened"]


@pytest.mark.parametrize("died", [False, True])
def test_a_start_that_fails_leaves_the_session_to_the_next_process(rig: Rig, *, died: bool) -> None:
    first = lead(rig.replica("one"))
    rig.begin()
    first.turn(0)
    first.turn(0)
    if died:
        rig.expire()
    else:
        first.shutdown()

    def unplugged(_ctx: ServiceContext) -> None:
        raise OSError("no such device")

    broken = Replica(Service("rig"), rig.engine, ReplicaOptions(name="two", lease_s=SHORT_S))
    broken._service.on_start(unplugged)
    with pytest.raises(ServiceError, match="no such device"):
        broken.startup()
    broken.shutdown()
    third = lead(rig.replica("three"))

    assert third.session is not None
    assert "three restored" in rig.told
    assert ("three made safe" in rig.told) == died


def test_a_leader_that_is_superseded_while_it_ends_lets_go_once(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    rig.begin()
    first.turn(0)
    rig.expire()
    lead(rig.replica("two"))
    rig.told.clear()
    first.shutdown()

    assert rig.told == ["one stopped: handover", "one closed"]
    assert first.status().state is ServiceState.STOPPED


def test_a_superseded_leader_drops_its_batch_lets_go_and_stands_by(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    rig.begin()
    first.turn(0)
    first.turn(0)
    rig.expire()
    second = lead(rig.replica("two"))
    rig.send("a", "b")
    rig.told.clear()
    with logged() as lines:
        first.turn(0)

    assert rig.told == ["one stopped: handover", "one closed"]
    assert first.status().state is ServiceState.STANDBY
    assert first.session is None
    loud = [line["message"] for line in lines if line["level"].name == "ERROR"]
    assert len(loud) == 1
    assert "another one took over" in loud[0]

    second.turn(0)
    assert rig.told[2:] == ["two heard a", "two heard b"]


def test_it_may_lead_again_and_opens_its_devices_again(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    rig.expire()
    second = lead(rig.replica("two"))
    first.turn(0)
    second.shutdown()
    rig.send("a")
    first.turn(0)
    first.turn(0)

    assert rig.told[-3:] == ["two closed", "one opened", "one heard a"]


def test_the_lease_that_is_lost_while_a_handler_runs_leaves_the_rest_to_the_successor() -> None:
    rig = Rig()
    first = rig.replica("one")
    took_over: list[Replica] = []

    def supersede(command: HintCommand, ctx: Context) -> None:
        if not took_over:
            ctx.send(EchoCommand(text="in time"))
            rig.expire()
            took_over.append(lead(rig.replica("two")))
            ctx.send(EchoCommand(text="too late"))

    service = Service("rig", sends=[EchoCommand])
    service.on(HintCommand)(supersede)
    first = lead(Replica(service, rig.engine, ReplicaOptions(name="one", lease_s=LONG_S)))
    rig.send("a", "b")
    with logged() as lines:
        first.turn(0)
    (second,) = took_over
    second.turn(0)

    echoes = [e.body for e in rig.engine.read(COMMANDS, after=START) if e.type == "TEST_ECHO"]
    assert echoes[0] == '{"text":"in time"}'
    assert '{"text":"too late"}' not in echoes
    assert rig.told == ["two made safe", "two opened", "two heard a", "two heard b"]
    assert [line["level"].name for line in lines].count("ERROR") == 1


def test_background_work_of_a_superseded_leader_is_asked_to_stop_and_sends_nothing() -> None:
    rig = Rig()
    ended: list[str] = []
    began = Event()

    def work(task: BackgroundContext) -> None:
        began.set()
        task.wait(LIMIT_S)
        with pytest.raises(LeaseLostError):
            task.send(EchoCommand())
        ended.append("work")

    service = Service("rig", sends=[EchoCommand])
    service.on_start(lambda ctx: ctx.spawn(work))
    first = lead(Replica(service, rig.engine, ReplicaOptions(name="one", lease_s=LONG_S)))
    assert began.wait(LIMIT_S)
    rig.expire()
    lead(rig.replica("two"))
    first.turn(0)

    assert ended == ["work"]
    assert rig.engine.end(COMMANDS) == START


def test_past_its_deadline_a_leader_renews_before_the_next_record(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    rig.send("a")
    leadership = first._leadership
    assert leadership is not None
    leadership._deadline_s = 0.0
    rig.expire()
    first.turn(0)

    assert rig.told == ["one opened", "one heard a"]
    assert leadership._deadline_s > 0.0
    assert not rig.engine._leases["rig"].is_free(now_s=rig.engine.now_s())


def test_past_its_deadline_a_superseded_leader_touches_no_record(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    rig.send("a", "b")

    class Overtaken:
        """Lets another process take over between the read and the first record."""

        def __init__(self) -> None:
            self.done = False

        def __call__(self) -> bool:
            if not self.done:
                self.done = True
                rig.expire()
                lead(rig.replica("two"))
                assert first._leadership is not None
                first._leadership._deadline_s = 0.0
            return False

    object.__setattr__(first._office, "stopping", Overtaken())
    first.turn(0)

    assert rig.told == ["one opened", "two made safe", "two opened", "one closed"]


def test_the_catalog_of_a_standby_is_staged_until_it_leads(rig: Rig) -> None:
    first = lead(rig.replica("one"))
    newer = Service("rig", sends=[EchoCommand])
    second = standby(Replica(newer, rig.engine, ReplicaOptions(name="two", lease_s=LONG_S)))

    assert len(published(rig).types) == 4
    first.shutdown()
    second.turn(0)
    assert len(published(rig).types) == 1


def test_a_standby_publishes_its_catalog_where_there_is_none(rig: Rig) -> None:
    lead(rig.replica("one"))
    rig.engine.remove(CATALOG, "rig")
    standby(rig.replica("two"))

    assert len(published(rig).types) == 4


def published(rig: Rig) -> PublishedCatalog:
    return PublishedCatalog.model_validate_json(rig.engine.table(CATALOG)["rig"].text)


def test_a_standby_that_is_told_to_stop_ends_without_having_led(rig: Rig) -> None:
    lead(rig.replica("one"))
    second = rig.replica("two")
    second.stop()
    with pytest.raises(StoppedWaitingError):
        second.startup()
    second.shutdown()

    assert rig.told == ["one opened"]
    assert second.status().state is ServiceState.STOPPED


def test_a_lease_is_taken_over_by_itself_once_it_has_run_out(rig: Rig) -> None:
    lead(rig.replica("one", lease_s=SHORT_S))
    second = rig.replica("two", lease_s=SHORT_S)
    second.startup()

    assert second.status().state is ServiceState.IDLE


def test_two_that_start_at_once_are_one_leader_and_one_standby(rig: Rig) -> None:
    both = [rig.replica("one"), rig.replica("two")]
    led = [replica for replica in both if replica._take_lead(0)]

    wait_for(lambda: len(led) == 1, "one of them to lead")
    assert sorted(str(replica.status().state) for replica in both) == ["idle", "standby"]
