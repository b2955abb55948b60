"""`.env.example` and the settings are the same list, with the same defaults."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from durapy_core.settings import ServiceSettings, Settings, load_settings
from services.pinger.settings import PingerSettings

TEXT = (Path(__file__).parents[1] / ".env.example").read_text(encoding="utf-8")
LINE = re.compile(r"^#(DURAPY_[A-Z_]+)=(.*)$", re.MULTILINE)
KINDS: tuple[type[ServiceSettings], ...] = (Settings, PingerSettings)


def documented() -> dict[str, str]:
    return dict(LINE.findall(TEXT))


def defaults() -> dict[str, Any]:
    return {
        f"DURAPY_{name.upper()}": field.default
        for kind in KINDS
        for name, field in kind.model_fields.items()
    }


def test_every_setting_is_in_the_example_once_and_nothing_else_is() -> None:
    names = [name for name, _ in LINE.findall(TEXT)]

    assert sorted(names) == sorted(defaults())


def test_the_example_shows_the_defaults() -> None:
    for name, default in defaults().items():
        shown = documented()[name]
        if default is None or default is PydanticUndefined:
            assert shown == "", name
        elif isinstance(default, int | float):
            assert float(shown) == default, name
        else:
            assert shown == str(default), name


def test_every_setting_is_explained_above_its_line() -> None:
    lines = TEXT.splitlines()

    for number, line in enumerate(lines):
        if LINE.match(line):
            assert lines[number - 1].startswith("# "), line


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_with_every_line_in_force_is_the_default(
    kind: type[ServiceSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load_settings(kind)

    for name, value in documented().items():
        monkeypatch.setenv(name, value)

    assert load_settings(kind) == plain
