from xml.etree import ElementTree as ET

from durapy_core.bench.figures import make_figures
from durapy_core.bench.picture import draw
from durapy_core.bench.plan import BARE, MEASURES, Side
from durapy_core.bench.team import Played

MACHINE = {"processor": "A <fast> one", "cores": 2, "python": "CPython", "load_average": 0.1}
SVG = "{http://www.w3.org/2000/svg}"


def turn(*times_s: float) -> Played:
    return Played(times_s=list(times_s), commands=3, span_s=1.0, cpu_s=None, store_cpu_s=None)


def test_each_side_has_its_curve_or_bar_and_whatever_a_name_holds_is_text() -> None:
    played = {
        Side(name="DuraPy", kind="durapy", commit_ms=5): [turn(1e-4, 2e-4, 9.0)],
        BARE: [turn(1e-4, 1e-4, 1e-4)],
    }
    figures = [
        figure
        for measure in MEASURES
        for figure in make_figures(measure, played, where=("a & b", "any"), load_average=0.1)
    ]

    root = ET.fromstring(draw(figures, MACHINE))  # noqa: S314 (our own text)

    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    bars = sum(measure.by_rate for measure in MEASURES)
    assert len(list(root.iter(f"{SVG}polygon"))) == 2 * (len(MEASURES) - bars)
    assert len(list(root.iter(f"{SVG}rect"))) == 2 * bars + 1
    assert texts.count("a & b") == len(MEASURES)
    assert any(text.startswith("A <fast> one, 2 cores") for text in texts)
    assert {measure.title for measure in MEASURES} <= set(texts)


def test_equal_times_can_be_drawn() -> None:
    played = {BARE: [turn(1e-4)]}

    picture = draw(make_figures(MEASURES[0], played, where=("a", "any"), load_average=0.0), MACHINE)

    assert "100 µs" in picture
