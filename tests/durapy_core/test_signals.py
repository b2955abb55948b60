import os
import signal
import threading

from durapy_core.signals import capture_signals


def test_stop_is_called_for_each_signal_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    heard: list[str] = []

    with capture_signals(lambda: heard.append("stop")):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

    assert heard == ["stop", "stop"]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_capture_around_another_hears_the_signal_too() -> None:
    heard: list[str] = []

    with (
        capture_signals(lambda: heard.append("outer")),
        capture_signals(lambda: heard.append("inner")),
    ):
        os.kill(os.getpid(), signal.SIGTERM)

    assert heard == ["inner", "outer"]


def test_other_signals_are_captured_if_they_are_named() -> None:
    heard: list[str] = []

    with capture_signals(lambda: heard.append("stop"), (signal.SIGHUP,)):
        os.kill(os.getpid(), signal.SIGHUP)

    assert heard == ["stop"]


def test_on_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    inside: list[object] = []

    def work() -> None:
        with capture_signals(lambda: None):
            inside.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert inside == [before]
