import io

from durapy_core.deploy.printer import Printer
from durapy_core.log_lines import strip_colours


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_names_are_padded_to_one_width() -> None:
    stream = io.StringIO()
    printer = Printer(["a", "longer"], stream)

    printer.line("a", "x\n")
    printer.line("longer", "y")

    assert stream.getvalue() == "a      | x\nlonger | y\n"


def test_without_a_terminal_colours_are_taken_out() -> None:
    stream = io.StringIO()

    Printer(["a"], stream).line("a", "\x1b[1;31mred\x1b[0m text")

    assert stream.getvalue() == "a | red text\n"


def test_on_a_terminal_each_name_has_its_colour() -> None:
    stream = Terminal()
    printer = Printer(["a", "b"], stream)

    printer.line("a", "x")
    printer.line("b", "y")

    first, second = stream.getvalue().splitlines()
    assert first.startswith("\x1b[")
    assert first.partition("m")[0] != second.partition("m")[0]


def test_the_line_with_the_link_stands_by_itself() -> None:
    stream = io.StringIO()

    Printer(["webserver"], stream).line("webserver", "DuraPy is ready: http://localhost/")

    assert stream.getvalue() == "\nDuraPy is ready: http://localhost/\n\n"


def test_a_reader_that_has_gone_is_noticed_and_raises_nothing() -> None:
    printer = Printer(["a"], Gone())

    printer.line("a", "x")

    assert printer.broken


def test_strip_colours_leaves_everything_else() -> None:
    assert strip_colours("\x1b[38;5;12mµ\x1b[K [1m] ✓") == "µ [1m] ✓"
