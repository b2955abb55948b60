"""Leading the deployers."""

from threading import Event

from durapy_core.engines.memory import MemoryEngine
from durapy_core.engines.memory_lead import MemoryLead
from durapy_core.presence import Presence
from durapy_core.status import ServiceState
from tests.support.log_lines import logged
from webserver.deployer.lead import led

LIMIT_S = 30


class OddLead(MemoryLead):
    """A lead whose store answers the first renewal with what nobody foresaw."""

    def __init__(self, engine: MemoryEngine) -> None:
        lead = engine.lead("deployer", lease_s=60)
        assert isinstance(lead, MemoryLead)
        super().__init__(engine, "deployer", lead.tenure, lease_s=60)
        self.asked = 0
        self.renewed = Event()

    def renew(self) -> float:
        self.asked += 1
        if self.asked == 1:
            raise ValueError("what is this")
        self.renewed.set()
        return super().renew()


class OddEngine(MemoryEngine):
    """Gives the lead to whoever asks first."""

    given: OddLead | None = None

    def lead(self, service: str, *, lease_s: float) -> MemoryLead | None:
        if self.given is None:
            self.given = OddLead(MemoryEngine())
            return self.given
        return None


def test_an_unforeseen_answer_does_not_end_the_renewing_of_the_deployers_lease() -> None:
    engine, stop = OddEngine(), Event()
    presence = Presence("deployer", replica="here-1", revision="abc", stopped=stop.is_set)

    with logged() as lines, led(engine, "deployer", stop, lease_s=0.03, presence=presence) as over:
        assert presence.status().state is ServiceState.IDLE
        assert engine.given is not None
        assert engine.given.renewed.wait(LIMIT_S)
        assert not over.is_set()
        stop.set()

    told = [line["message"] for line in lines if line["level"].name == "ERROR"]
    assert told == ["the lease could not be renewed; trying again"]
