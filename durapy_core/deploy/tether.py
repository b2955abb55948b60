"""Becomes another program, which is told to end when the process that started it dies.

Run as a script: `python -I -S tether.py PARENT_PID PROGRAM ARGUMENT…`. It is a program of its own
because the wish must be made in the child before it becomes the program, where a supervisor with
threads must not run Python code of its own. On Linux the kernel then sends SIGTERM, so a service
whose supervisor was killed stops as cleanly as any other. Other systems have no such wish: there a
service goes on until somebody stops it.

Source: prctl(2), PR_SET_PDEATHSIG; kept across execve.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, make sure that the parent still lives, and become the program."""
    parent_pid, *argv = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent_pid):
            sys.exit(0)  # it died before the wish was made
    try:
        os.execvp(argv[0], argv)  # noqa: S606 (no shell is what is wanted)
    except OSError as error:
        sys.exit(f"{argv[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main()
