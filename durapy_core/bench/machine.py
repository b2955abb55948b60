"""The computer that is measured: what it is, how busy it is, and what a process has used."""

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

BUSY_LOAD: Final = 0.5
"""From so many runnable processes a core the computer counts as busy with other things."""


def describe() -> dict[str, str | int | float]:
    """Return what a figure depends on, for people and for JSON."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "durapy": version("durapy"),
        "redis_py": version("redis"),
        "load_average": load_average(),
    }


def load_average() -> float:
    """Return how many processes wanted to run at once, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def is_busy() -> bool:
    """Return whether others use so much of the computer that times mean little."""
    return load_average() > BUSY_LOAD * (os.cpu_count() or 1)


def cpu_s(pid: int) -> float | None:
    """Return the CPU time that a process's threads have used, in seconds; None if not known.

    Source: /proc/PID/task/TID/schedstat, whose first number is in nanoseconds (Linux).
    """
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (OSError, ValueError):
        return None


def own_cpus() -> tuple[int, ...]:
    """Return the CPUs that this process may run on; none where that cannot be told."""
    return tuple(os.sched_getaffinity(0)) if sys.platform == "linux" else ()


def stay_on(cpus: Iterable[int]) -> None:
    """Keep this process and what it starts on these CPUs; none changes nothing."""
    if sys.platform == "linux" and (chosen := set(cpus)):
        os.sched_setaffinity(0, chosen)


@contextmanager
def on_one_cpu(*pids: int) -> Iterator[None]:
    """Keep this process, its future children and `pids` on the last CPU while in `with`."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    everybody = (0, *pids)
    for pid in everybody:
        os.sched_setaffinity(pid, {max(before)})
    try:
        yield
    finally:
        for pid in everybody:
            os.sched_setaffinity(pid, before)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
