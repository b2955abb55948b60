"""Copying a template folder under a new name: shared by new_service.py and new_page.py.

Needs nothing but Python itself, so that it works before anything is installed.
"""

import keyword
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

LONGEST_NAME = 40


class ScaffoldError(Exception):
    """The folder cannot be made; the message says why and what to do."""


def check_name(name: str, folder: Path, *, reserved: Iterable[str]) -> None:
    """Return if a new folder in `folder` may have this name.

    Raises:
        ScaffoldError: it may not, or it is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ScaffoldError(
            f"{name!r} is not allowed: use small letters, digits and _, beginning with a letter, "
            "such as air_puff"
        )
    if len(name) > LONGEST_NAME:
        raise ScaffoldError(f"{name!r} is too long: {LONGEST_NAME} characters at most")
    if keyword.iskeyword(name):
        raise ScaffoldError(f"{name!r} is a word of Python itself: choose another")
    if name in reserved:
        raise ScaffoldError(f"{name!r} is taken by DuraPy itself: choose another")
    if (folder / name).exists():
        raise ScaffoldError(f"{folder / name} is there already: choose another name")


def copy_template(template: Path, target: Path, rename: Callable[[str], str]) -> list[Path]:
    """Copy a folder whole or not at all; `rename` changes each path in it and each text.

    Raises:
        ScaffoldError: the template is not there, or the target cannot be written.
    """
    sources = sorted(p for p in template.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    if not sources:
        raise ScaffoldError(f"{template} is not there; restore it: git checkout {template}")
    made = []
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as work:
            for source in sources:
                path = Path(rename(str(source.relative_to(template))))
                copy = Path(work, target.name, path)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(rename(source.read_text(encoding="utf-8")), encoding="utf-8")
                shutil.copymode(source, copy)
                made.append(target / path)
            Path(work, target.name).rename(target)
    except OSError as error:
        raise ScaffoldError(f"{target} cannot be written: {error.strerror}") from error
    return made


def renamer(name: str) -> Callable[[str], str]:
    """Return the function that turns a template's text into the text of `name`.

    `_template` → `air_puff`, `TemplateCommand` → `AirPuffCommand`, `"Template"` → `"Air puff"`,
    `TEMPLATE` → `AIR_PUFF`, `template-form` → `air-puff-form`.
    """
    words = name.strip("_").split("_")
    camel = "".join(word.capitalize() for word in words)
    patterns = (
        (r"(?<![A-Za-z0-9_])_template(?![a-z0-9])", name),
        (r"(?<=[a-z0-9]_)template(?![a-z0-9])", name),
        (r"TEMPLATE(?![A-Z0-9])", name.upper()),
        (r"Template(?=[A-Z])", camel),
        (r"Template(?![a-z])", title_of(name)),
        (r"(?<![A-Za-z0-9_])template(?=-)", "-".join(words)),
    )

    def rename(text: str) -> str:
        for pattern, new in patterns:
            text = re.sub(pattern, new, text)
        return text

    return rename


def title_of(name: str) -> str:
    """Return a name for people: `air_puff` gives `Air puff`."""
    return name.strip("_").replace("_", " ").capitalize()
