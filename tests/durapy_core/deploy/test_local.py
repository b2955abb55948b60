"""The local manager with real child processes."""

import io
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from durapy_core.deploy.base import ReplicaState
from durapy_core.deploy.child import Child, ProcessSpec
from durapy_core.deploy.local import LocalManager
from durapy_core.deploy.printer import Printer
from durapy_core.errors import DeployError, ManagerUnavailableError, ServiceNotFoundError
from durapy_core.exit_codes import ExitCode

LIVE = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); "
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "


def spec(
    name: str, code: str, *, vital: bool = False, heartbeat: Path | None = None
) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        argv=(sys.executable, "-u", "-I", "-S", "-c", code),
        environment=dict(os.environ),  # noqa: TID251 (what a child of the tests is given)
        heartbeat=heartbeat,
        vital=vital,
    )


class Rig:
    """A manager that runs on a thread of its own."""

    def __init__(self, *specs: ProcessSpec, grace_s: float) -> None:
        self.output = io.StringIO()
        printer = Printer([one.name for one in specs], self.output)
        self.manager = LocalManager(specs, printer, grace_s=grace_s)
        self.code: Future[ExitCode] = Future()
        self._thread = threading.Thread(
            target=lambda: self.code.set_result(self.manager.run()), daemon=True
        )
        self._thread.start()

    def wait_for(self, condition: Callable[[], bool], *, limit_s: float = 30) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {limit_s} s; the output: {self.output.getvalue()}")
            threading.Event().wait(0.02)

    def wait_for_line(self, text: str) -> None:
        self.wait_for(lambda: text in self.output.getvalue())

    def state(self, name: str) -> ReplicaState:
        return next(r.state for r in self.manager.replicas() if r.service == name)

    def pid(self, name: str) -> str:
        return next(r.name for r in self.manager.replicas() if r.service == name)


@contextmanager
def running(*specs: ProcessSpec, grace_s: float = 8) -> Iterator[Rig]:
    rig = Rig(*specs, grace_s=grace_s)
    try:
        yield rig
    finally:
        rig.manager.end()
        rig.manager.end()
        rig.code.result(timeout=30)


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_every_line_stands_behind_the_name_of_its_service() -> None:
    one = spec("one", LIVE + "print('hello'); signal.pause()")
    other = spec("other", LIVE + "print('from stderr', file=sys.stderr); signal.pause()")

    with running(one, other) as rig:
        rig.wait_for_line("one   | hello\n")
        rig.wait_for_line("other | from stderr\n")


def test_a_process_that_cannot_be_started_is_tried_again_and_the_others_run_on() -> None:
    one = spec("one", LIVE + "print('up'); signal.pause()")
    environment = {**one.environment, "LARGE": "x" * 2**20}  # longer than the system takes
    late = replace(one, name="late", environment=environment)

    with running(late, one) as rig:
        rig.wait_for_line("one  | up")
        rig.wait_for(lambda: rig.state("late") is ReplicaState.WAITING)
        del environment["LARGE"]
        rig.wait_for_line("late | up")


def test_a_process_for_which_there_is_no_thread_is_ended_again() -> None:
    end, held = os.pipe()  # at its end once nobody holds the other side any more
    one = replace(spec("one", LIVE + "signal.pause()"), keep_open=(held,))
    before = threading.stack_size(1 << 55)  # more than any computer can address
    try:
        with pytest.raises(OSError, match="no thread left"):
            Child(one, lambda _: None)
    finally:
        threading.stack_size(before)
        os.close(held)

    assert select.select([end], [], [], 30)[0] == [end]
    assert os.read(end, 1) == b""
    os.close(end)


def test_the_manager_ends_every_process_and_returns_ok() -> None:
    with running(spec("one", LIVE + "print('up'); signal.pause()")) as rig:
        rig.wait_for_line("up")
        pid = int(rig.pid("one"))

        rig.manager.end()

        assert rig.code.result(timeout=10) is ExitCode.OK
        assert not alive(pid)


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_period() -> None:
    with running(spec("one", STUBBORN + "print('up'); signal.pause()"), grace_s=0.5) as rig:
        rig.wait_for_line("up")
        began = time.monotonic()

        rig.manager.end()

        assert rig.code.result(timeout=10) is ExitCode.OK
        assert time.monotonic() - began >= 0.5


def test_asking_twice_kills_at_once() -> None:
    with running(spec("one", STUBBORN + "print('up'); signal.pause()"), grace_s=600) as rig:
        rig.wait_for_line("up")

        rig.manager.end()
        rig.manager.end()

        assert rig.code.result(timeout=10) is ExitCode.OK


def test_a_crashed_process_is_started_again(tmp_path: Path) -> None:
    marker = tmp_path / "crashed-once"
    code = LIVE + (
        f"import pathlib; marker = pathlib.Path({str(marker)!r})\n"
        "if not marker.exists(): marker.touch(); sys.exit(1)\n"
        "print('well'); signal.pause()"
    )

    with running(spec("one", code)) as rig:
        rig.wait_for_line("well")

        assert rig.state("one") is ReplicaState.RUNNING
        assert [replica.restarts for replica in rig.manager.replicas()] == [1]


def test_a_process_that_ends_with_exit_code_0_is_left_alone() -> None:
    live = spec("live", LIVE + "signal.pause()")

    with running(live, spec("short", "print('done')")) as rig:
        rig.wait_for_line("done")
        rig.wait_for(lambda: rig.state("short") is ReplicaState.STOPPED)

        assert rig.state("live") is ReplicaState.RUNNING


def test_the_manager_ends_when_nothing_is_left_to_look_after() -> None:
    with running(spec("short", "print('done')")) as rig:
        assert rig.code.result(timeout=30) is ExitCode.OK


def test_wrong_settings_of_a_vital_process_end_everything_with_their_exit_code() -> None:
    live = spec("live", LIVE + "print('up'); signal.pause()")

    with running(live, spec("console", "raise SystemExit(3)", vital=True)) as rig:
        assert rig.code.result(timeout=30) is ExitCode.SETTINGS


def test_wrong_settings_of_one_service_leave_the_others_running() -> None:
    live = spec("live", LIVE + "print('up'); signal.pause()")

    with running(live, spec("wrong", "print('no'); raise SystemExit(3)")) as rig:
        rig.wait_for_line("no")
        rig.wait_for(lambda: rig.state("wrong") is ReplicaState.STOPPED)

        assert rig.state("live") is ReplicaState.RUNNING


def test_restart_gives_a_new_process_and_returns_when_it_runs() -> None:
    with running(spec("one", LIVE + "print('up'); signal.pause()")) as rig:
        rig.wait_for_line("up")
        before = rig.pid("one")

        rig.manager.restart("one")

        assert rig.state("one") is ReplicaState.RUNNING
        assert rig.pid("one") != before
        assert not alive(int(before))


def test_restart_of_a_process_that_then_crashes_says_why(tmp_path: Path) -> None:
    marker = tmp_path / "ran-once"
    code = LIVE + (
        f"import pathlib; marker = pathlib.Path({str(marker)!r})\n"
        "if marker.exists(): sys.exit('no camera is plugged in')\n"
        "marker.touch(); print('up'); signal.pause()"
    )
    with running(spec("one", code)) as rig:
        rig.wait_for_line("up")

        with pytest.raises(DeployError, match=r"exit code 1.*no camera is plugged in"):
            rig.manager.restart("one")


def test_restart_waits_for_the_first_heartbeat(tmp_path: Path) -> None:
    heartbeat, allowed = tmp_path / "heartbeat", tmp_path / "allowed"
    code = LIVE + (
        "import pathlib, time\n"
        f"while not pathlib.Path({str(allowed)!r}).exists(): time.sleep(0.01)\n"
        f"pathlib.Path({str(heartbeat)!r}).touch(); print('up', flush=True); signal.pause()"
    )
    allowed.touch()
    with running(spec("one", code, heartbeat=heartbeat)) as rig:
        rig.wait_for_line("up")
        allowed.unlink()
        restarted = threading.Thread(target=rig.manager.restart, args=("one",), daemon=True)
        restarted.start()
        rig.wait_for(lambda: not heartbeat.exists())

        restarted.join(timeout=1.5)
        before = restarted.is_alive()
        allowed.touch()
        restarted.join(timeout=30)

        assert before
        assert not restarted.is_alive()


def test_a_stopped_service_stays_stopped_until_it_is_started() -> None:
    live = spec("live", LIVE + "signal.pause()")
    with running(live, spec("one", LIVE + "print('up'); signal.pause()")) as rig:
        rig.wait_for_line("up")

        rig.manager.stop("one")
        stopped = rig.state("one")
        rig.manager.start("one")

        assert stopped is ReplicaState.STOPPED
        assert rig.state("one") is ReplicaState.RUNNING


def test_an_unknown_service_is_refused_with_a_near_name() -> None:
    with (
        running(spec("pinger", LIVE + "signal.pause()")) as rig,
        pytest.raises(ServiceNotFoundError, match='did you mean "pinger"'),
    ):
        rig.manager.restart("pingr")


def test_a_manager_that_has_ended_refuses_requests() -> None:
    with running(spec("one", "print('done')")) as rig:
        rig.code.result(timeout=30)

        with pytest.raises(ManagerUnavailableError, match="has ended"):
            rig.manager.restart("one")


def test_what_a_process_left_behind_ends_with_it() -> None:
    code = (
        "import subprocess, sys; "
        "left = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']); "
        "print('left', left.pid)"
    )
    live = spec("live", LIVE + "signal.pause()")

    with running(live, spec("one", code)) as rig:
        rig.wait_for_line("left")
        rig.wait_for(lambda: rig.state("one") is ReplicaState.STOPPED)
        left = int(rig.output.getvalue().partition("left ")[2].split()[0])

        rig.wait_for(lambda: not alive(left))


def test_a_program_that_cannot_be_started_is_told_and_tried_again() -> None:
    wrong = ProcessSpec(name="one", argv=("/no/such/program",), environment={})

    with running(wrong) as rig:
        rig.wait_for_line("/no/such/program cannot be started: No such file or directory")
        rig.wait_for(lambda: rig.manager.replicas()[0].restarts >= 1)
