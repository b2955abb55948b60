"""`durapy bench`: what DuraPy costs on this computer."""

import json
import sys
from pathlib import Path
from threading import Event
from typing import Annotated, Final

import typer

from durapy_core.bench import machine
from durapy_core.bench.figures import Figure, Ratio, Recovery
from durapy_core.bench.picture import draw
from durapy_core.bench.plan import NAMES, Cpu, make_plan
from durapy_core.bench.run import Findings, run
from durapy_core.bench.stores import open_stores
from durapy_core.cli.output import print_lines, print_table, span
from durapy_core.errors import SettingsError
from durapy_core.settings import Settings, load_settings
from durapy_core.signals import capture_signals
from durapy_core.store import find_password

_COLUMNS: Final = (
    *("WHO", "P50", "P99", "PER SECOND", "× BARE", "CPU/COMMAND", "× BARE CPU", "STORE CPU"),
)
_APPENDFSYNC: Final = ("off", "no", "everysec", "always")


def bench(  # noqa: PLR0913 (the options of a command line)
    *,
    engine: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A store to measure on; may be given several times."),
    ] = None,
    only: Annotated[str, typer.Option(metavar="NAMES", help=f"Some of {','.join(NAMES)}.")] = "",
    cpu: Annotated[
        Cpu,
        typer.Option(help="Let the players run on any CPU, all on one, or one after the other."),
    ] = Cpu.ANY,
    commit_ms: Annotated[
        list[float] | None,
        typer.Option(metavar="MS", min=0, help="As DURAPY_COMMIT_MS; several play side by side."),
    ] = None,
    appendfsync: Annotated[
        str, typer.Option(help="Of a Redis server started for this: off, no, everysec, always.")
    ] = "off",
    rounds: Annotated[int | None, typer.Option(min=1, help="How many turns each side has.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A short look; rough figures.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all figures as JSON.")
    ] = None,
    svg_file: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw the distributions.")
    ] = None,
) -> None:
    """Measure DuraPy beside bare redis-py on this computer, in turns, and print the ratios.

    Without --engine a private redis-server is started, if one is installed, and SQLite is measured
    as well. Nothing is written where a rig writes.
    """
    settings = load_settings(Settings)
    plan = make_plan(
        _names(only), quick=quick, rounds=rounds, cpu=cpu, commit_ms=tuple(commit_ms or (5.0, 0.0))
    )
    if appendfsync not in _APPENDFSYNC:
        raise SettingsError(f"--appendfsync {appendfsync}: use one of {', '.join(_APPENDFSYNC)}.")
    for file in filter(None, (json_file, svg_file)):
        _check_writable(file)
    progress = _Progress()
    if machine.is_busy():
        progress.note(
            f"this computer is busy (load average {machine.load_average():g}): "
            "read the ratios, not the times"
        )
    ended = Event()
    password = find_password(settings)
    with (
        capture_signals(ended.set),
        open_stores(
            engine or [], password=password, appendfsync=appendfsync, say=progress.note
        ) as stores,
    ):
        findings = run(plan, stores, stopped=ended.is_set, say=progress.say)
    progress.clear()
    _print(findings)
    if json_file is not None:
        json_file.write_text(json.dumps(findings.to_json(), indent=2) + "\n", encoding="utf-8")
    if svg_file is not None:
        svg_file.write_text(draw(findings.figures, findings.machine), encoding="utf-8")


class _Progress:
    """One line on stderr that says what is going on; into a file, a line for each measurement."""

    def __init__(self) -> None:
        self._shown = ""

    def say(self, what: str) -> None:
        """Show what is going on now."""
        if sys.stderr.isatty():
            typer.echo(f"\r\x1b[K{what}", nl=False, err=True)
        elif "round" not in what.rpartition(": ")[2]:
            typer.echo(what, err=True)
        self._shown = what

    def note(self, what: str) -> None:
        """Show a line that stays."""
        self.clear()
        typer.echo(f"durapy bench: {what}", err=True)

    def clear(self) -> None:
        """Take the passing line away."""
        if self._shown and sys.stderr.isatty():
            typer.echo("\r\x1b[K", nl=False, err=True)
        self._shown = ""


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise SettingsError(f"--only {','.join(unknown)}: there are {', '.join(NAMES)}.")
    return names


def _check_writable(file: Path) -> None:
    try:
        file.touch()
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from error


def _print(findings: Findings) -> None:
    print_lines(*(f"{name:<13}{value}" for name, value in findings.machine.items()))
    for name, server in findings.stores.items():
        print_lines(f"{name}: Redis {server['redis']}, appendfsync {server['appendfsync']}")
    shown: tuple[str, ...] = ()
    for figure in findings.figures:
        heading = (figure.store, figure.cpu, figure.title)
        if heading != shown:
            same = [f for f in findings.figures if (f.store, f.cpu, f.title) == heading]
            place = ", all on one CPU" if figure.cpu == Cpu.ONE else ""
            load = f"load average {figure.load_average:g}"
            print_lines("", f"{figure.store}{place}: {figure.title} ({load})")
            print_table(_COLUMNS, map(_row, same))
            shown = heading
    if findings.recoveries:
        print_lines("", "from a kill to the handler of the next command")
        print_table(("STORE", "HOW", "EACH"), map(_recovery_row, findings.recoveries))


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.side,
        _us(figure.p50_s * 1e6),
        _us(figure.p99_s * 1e6),
        f"{figure.per_s:,.0f}",
        _ratio(figure.ratio),
        _us(figure.cpu_us),
        _ratio(figure.cpu_ratio),
        _us(figure.store_cpu_us),
    )


def _recovery_row(recovery: Recovery) -> tuple[str, ...]:
    return recovery.store, recovery.way, ", ".join(map(span, recovery.times_s))


def _us(microseconds: float | None) -> str:
    return "" if microseconds is None else f"{microseconds:,.0f} µs"


def _ratio(ratio: Ratio | None) -> str:
    return "" if ratio is None else f"{ratio.middle:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
