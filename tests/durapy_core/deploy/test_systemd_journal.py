"""Following a journal that may not be read."""

from threading import Event, Thread

from durapy_core.deploy.hosts import LIMIT_S, Cancelled, Done, Say
from durapy_core.deploy.systemd import SystemdManager
from durapy_core.deploy.systemd_journal import JournalWatch
from durapy_core.engines.memory import MemoryEngine
from durapy_core.raw_output import RawOutput
from tests.support.log_lines import logged
from tests.support.waiting import wait_for

REFUSED = "No journal files were opened due to insufficient permissions."


class MeekHost:
    """A computer with a rig, whose user may not read the journal."""

    name = "rig"

    def run(self, *argv: str, limit_s: float = LIMIT_S) -> Done:
        return Done(0, "LoadState=loaded\nWants=durapy@camera.service\n", "")

    def stream(self, *argv: str, say: Say, cancelled: Cancelled) -> int:
        say([REFUSED])
        return 1


def test_a_journal_that_may_not_be_read_is_said_with_the_reason() -> None:
    watch = JournalWatch(SystemdManager(MeekHost()), MemoryEngine(), RawOutput(lambda _: None))
    stop = Event()

    with logged() as lines:
        thread = Thread(target=watch.run, args=(stop,))
        thread.start()
        wait_for(lambda: lines, "a word about the journal")
        stop.set()
        thread.join(30)

    (line,) = lines
    assert line["message"] == (
        f"last words of units are not kept: journalctl on rig ended with exit code 1: {REFUSED}"
    )
