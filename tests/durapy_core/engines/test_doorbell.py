"""Bells wake the readers of their log, and whatever goes wrong with them blocks nobody."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PosixPath

import pytest

from durapy_core.engines.doorbell import LONGEST_WAIT_S, BellFolder
from durapy_core.testing.engine_contract import LONG_S


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bells"


@pytest.fixture
def bells(folder: Path) -> Iterator[BellFolder]:
    bells = BellFolder(folder)
    yield bells
    bells.close()


def test_a_bell_rings_for_its_own_log_only(bells: BellFolder) -> None:
    one, two = bells.hang(1), bells.hang(2)

    bells.ring(1)

    assert _waited_s(one.wait) < LONGEST_WAIT_S / 2
    assert _waited_s(two.wait) > LONGEST_WAIT_S / 2


def test_a_ring_before_the_wait_is_kept(bells: BellFolder) -> None:
    bell = bells.hang(1)
    bell.drain()

    bells.ring(1)

    assert _waited_s(bell.wait) < LONGEST_WAIT_S / 2


def test_draining_forgets_the_rings_before(bells: BellFolder) -> None:
    bell = bells.hang(1)
    for _ in range(3):
        bells.ring(1)

    bell.drain()

    assert _waited_s(bell.wait) > LONGEST_WAIT_S / 2


def test_ringing_at_a_reader_that_does_not_look_never_blocks(bells: BellFolder) -> None:
    bells.hang(1)

    for _ in range(5_000):
        bells.ring(1)


def test_a_bell_that_was_just_hung_is_heard(folder: Path) -> None:
    ringer, hanger = BellFolder(folder), BellFolder(folder)

    for _ in range(50):
        ringer.ring(1)
        bell = hanger.hang(1)
        ringer.ring(1)
        assert _waited_s(bell.wait) < LONGEST_WAIT_S / 2
        bell.close()


def test_bells_work_below_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    bells = BellFolder(deep / "bells")
    bell = bells.hang(1)

    bells.ring(1)

    assert _waited_s(bell.wait) < LONGEST_WAIT_S / 2
    assert len(list((deep / "bells").iterdir())) == 1


def test_without_a_folder_readers_look_again_by_the_clock(tmp_path: Path) -> None:
    (tmp_path / "bells").write_text("in the way")
    bells = BellFolder(tmp_path / "bells")

    bell = bells.hang(1)
    bells.ring(1)

    assert _waited_s(bell.wait) < LONGEST_WAIT_S / 2
    bell.drain()
    bell.close()


def test_a_folder_that_vanished_blocks_nobody(bells: BellFolder, folder: Path) -> None:
    bell = bells.hang(1)
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()

    bells.ring(1)

    assert _waited_s(bell.wait) < LONG_S
    assert _waited_s(bells.hang(1).wait) < LONG_S


def _waited_s(wait: Callable[[float], bool]) -> float:
    began_s = time.monotonic()
    wait(LONG_S)
    return time.monotonic() - began_s


class ClosingFolder(PosixPath):
    """A folder at which nobody can look without another thread closing the bells just then."""

    close: Callable[[], None] = staticmethod(lambda: None)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        self.close()
        return super().stat(follow_symlinks=follow_symlinks)


def test_a_folder_that_is_closed_while_somebody_rings_harms_nobody(folder: Path) -> None:
    path = ClosingFolder(folder)
    bells = BellFolder(path)
    bell = bells.hang(1)
    path.close = bells.close

    bells.ring(1)

    bell.close()
