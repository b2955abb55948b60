"""The distributions as one SVG: a row per measure, a column per store, a curve per side.

One row has one axis, so that stores can be compared as well. No library: it is rectangles, paths
and text, and a rig's computer needs nothing installed to draw it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from durapy_core.bench.figures import Figure, percentile

_PANEL: Final = 348
_GUTTER: Final = 28
_MARGIN: Final = 28
_LANE: Final = 54
_CURVE: Final = 30
_HEADING: Final = 34
_TITLE: Final = 26
_AXIS: Final = 26
_HEADER: Final = 74
_LABEL: Final = 44
_BINS: Final = 96
_SMOOTHING: Final = (1, 3, 4, 3, 1)
_SHOWN_PERCENTS: Final = (0.5, 99.5)
_TICKS_S: Final = tuple(m * 10.0**e for e in range(-6, 3) for m in (1, 2, 5))

_COLOURS: Final = {
    "DuraPy": "#0b62a0",
    "redis-py Connection": "#4d5b66",
    "redis.Redis": "#b2550a",
}
_OTHER: Final = "#5f9fd0"
_STYLE: Final = (
    "text{font-family:Inter,system-ui,'Segoe UI',Roboto,sans-serif;font-size:12px;fill:#43515c}"
    ".h{font-size:17px;font-weight:600;fill:#10171c}.m{font-size:14px;font-weight:600;fill:#10171c}"
    ".s{font-size:12px;font-weight:600;fill:#43515c}.v{font-weight:600;fill:#10171c;"
    "text-anchor:end}.t{text-anchor:middle;font-size:11px;fill:#586671}"
)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a value to a place on the axis of a row, in pixels."""

    low: float
    high: float
    logarithmic: bool

    def x(self, value: float) -> float:
        if self.logarithmic:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = value / self.high
        return _PANEL * min(max(part, 0.0), 1.0)

    def ticks(self) -> list[float]:
        if self.logarithmic:
            return self._apart(each for each in _TICKS_S if self.low <= each <= self.high)
        step = 10 ** math.floor(math.log10(self.high))
        step = step / 2 if self.high / step < 3 else step  # noqa: PLR2004 (some ticks, not many)
        return [step * n for n in range(int(self.high / step) + 1)]

    def _apart(self, values: Iterable[float]) -> list[float]:
        """Return those whose labels do not touch."""
        kept: list[float] = []
        for value in values:
            if not kept or self.x(value) - self.x(kept[-1]) >= _LABEL:
                kept.append(value)
        return kept


def draw(figures: Sequence[Figure], machine: Mapping[str, object]) -> str:
    """Return the picture of all figures as the text of an SVG file."""
    places = list(dict.fromkeys((figure.store, figure.cpu) for figure in figures))
    rows = list(dict.fromkeys(figure.measure for figure in figures))
    parts, top = list[str](), float(_HEADER)
    for row in rows:
        shown = [figure for figure in figures if figure.measure == row]
        parts += _draw_row(shown, places, top)
        top += _row_height(shown, places)
    width = 2 * _MARGIN + len(places) * (_PANEL + _GUTTER) - _GUTTER
    return _frame(width, top + _MARGIN / 2, [*_head(machine), *parts])


def _frame(width: float, height: float, parts: Iterable[str]) -> str:
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            "<title>DuraPy beside redis-py: distributions of times, and throughput</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{width:g}" height="{height:g}" rx="11" fill="#fbfcfd"/>',
            *parts,
            "</svg>\n",
        )
    )


def _head(machine: Mapping[str, object]) -> list[str]:
    where = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['python']}, "
        f"load average {machine['load_average']}"
    )
    return [
        _text(_MARGIN, 34, "durapy bench", "h"),
        _text(_MARGIN, 54, f"{where}. A line marks the median, a tick the 99th percentile."),
    ]


def _row_height(figures: Sequence[Figure], places: Sequence[tuple[str, str]]) -> float:
    most = max(sum(f.store == store and f.cpu == cpu for f in figures) for store, cpu in places)
    return _HEADING + _TITLE + most * _LANE + _AXIS + 18


def _draw_row(
    figures: Sequence[Figure], places: Sequence[tuple[str, str]], top: float
) -> list[str]:
    scale = _scale_of(figures)
    parts = [_text(_MARGIN, top + 20, figures[0].title, "m")]
    for number, (store, cpu) in enumerate(places):
        mine = [figure for figure in figures if (figure.store, figure.cpu) == (store, cpu)]
        if mine:
            left = _MARGIN + number * (_PANEL + _GUTTER)
            name = store + (", all on one CPU" if cpu == "one" else "")
            panel = _draw_panel(mine, scale, name)
            parts += [f'<g transform="translate({left:g} {top + _HEADING:g})">', *panel, "</g>"]
    return parts


def _scale_of(figures: Sequence[Figure]) -> _Scale:
    if figures[0].by_rate:
        return _Scale(0, max(figure.per_s for figure in figures) * 1.02, logarithmic=False)
    lowest, highest = _SHOWN_PERCENTS
    return _Scale(
        min(percentile(figure.times_s, lowest) for figure in figures) * 0.9,
        max(percentile(figure.times_s, highest) for figure in figures) * 1.1,
        logarithmic=True,
    )


def _draw_panel(figures: Sequence[Figure], scale: _Scale, name: str) -> list[str]:
    bottom = _TITLE + len(figures) * _LANE
    parts = [_text(0, 16, name, "s")]
    for tick in scale.ticks():
        x, label = scale.x(tick), _count(tick) if figures[0].by_rate else _time(tick)
        parts.append(_line(x, _TITLE, x, bottom, "#e7ecef"))
        parts.append(_text(x, bottom + 15, label, "t"))
    parts.append(_line(0, bottom, _PANEL, bottom, "#d8dfe4"))
    for number, figure in enumerate(figures):
        base = _TITLE + (number + 1) * _LANE
        parts += _draw_bar(figure, scale, base) if figure.by_rate else _curve(figure, scale, base)
    return parts


def _draw_bar(figure: Figure, scale: _Scale, base: float) -> list[str]:
    colour, width = _colour(figure), scale.x(figure.per_s)
    return [
        f'<rect x="0" y="{base - 22:g}" width="{width:.1f}" height="16" rx="3" fill="{colour}"/>',
        *_labels(figure, base - 28, f"{figure.per_s:,.0f}/s"),
    ]


def _curve(figure: Figure, scale: _Scale, base: float) -> list[str]:
    colour = _colour(figure)
    points = " ".join(f"{x:.1f},{base - y:.1f}" for x, y in _outline(figure.times_s, scale))
    middle, late = scale.x(figure.p50_s), scale.x(figure.p99_s)
    pen = f'fill="{colour}" fill-opacity="0.22" stroke="{colour}" stroke-width="1.2"'
    return [
        f'<polygon points="0,{base:g} {points} {_PANEL},{base:g}" {pen}/>',
        _line(middle, base - _CURVE, middle, base, colour, width=2),
        _line(late, base - 8, late, base, colour, width=2),
        *_labels(figure, base - _CURVE - 4, _time(figure.p50_s)),
    ]


def _outline(times_s: Sequence[float], scale: _Scale) -> list[tuple[float, float]]:
    """Return how dense the times lie along the axis, smoothed, the densest as high as a lane."""
    counts = Counter(int(scale.x(time_s) / _PANEL * (_BINS - 1)) for time_s in times_s)
    half = len(_SMOOTHING) // 2
    heights = [
        sum(counts[place + i - half] * weight for i, weight in enumerate(_SMOOTHING))
        for place in range(_BINS)
    ]
    most = max(heights)
    return [
        ((place + 0.5) * _PANEL / _BINS, height / most * _CURVE)
        for place, height in enumerate(heights)
    ]


def _labels(figure: Figure, y: float, value: str) -> list[str]:
    ratio = figure.ratio
    more = "" if ratio is None else f", {ratio.middle:.2f} × bare"
    return [_text(0, y, figure.side), _text(_PANEL, y, value + more, "v")]


def _colour(figure: Figure) -> str:
    return _COLOURS.get(figure.side, _OTHER)


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width:g}"/>'
    )


def _time(seconds: float) -> str:
    if seconds < 1e-3:  # noqa: PLR2004 (microseconds below a millisecond)
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"


def _count(number: float) -> str:
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"  # noqa: PLR2004 (thousands)
