"""A thread that works beside the main one."""

from threading import Event, current_thread

from durapy_core.side_thread import SideThread

LIMIT_S = 30


class Worker(SideThread):
    """Works until it is asked to end, or, if it is deaf, until it is let go."""

    def __init__(self, *, deaf: bool = False, join_s: float = LIMIT_S) -> None:
        super().__init__("worker", join_s=join_s)
        self.deaf = deaf
        self.began, self.let_go, self.ended = Event(), Event(), Event()

    def _run(self) -> None:
        self.name, self.daemon = current_thread().name, current_thread().daemon
        self.began.set()
        (self.let_go if self.deaf else self._stop).wait(LIMIT_S)
        self.ended.set()


def test_it_works_for_as_long_as_the_block_lasts() -> None:
    with Worker() as worker:
        assert worker.began.wait(LIMIT_S)
        assert not worker.ended.is_set()

    assert worker.ended.is_set()
    assert (worker.name, worker.daemon) == ("worker", True)


def test_the_end_waits_no_longer_than_it_may() -> None:
    with Worker(deaf=True, join_s=0) as worker:
        assert worker.began.wait(LIMIT_S)

    assert not worker.ended.is_set()
    worker.let_go.set()
    assert worker.ended.wait(LIMIT_S)
