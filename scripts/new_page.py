"""Make a page of the console: copy webserver/pages/_template."""

import sys
from pathlib import Path

from scaffold import ScaffoldError, check_name, copy_template, renamer, title_of

RESERVED = frozenset({"api", "login", "logout", "static", "ws", "x"})


def main(root: Path, name: str) -> list[Path]:
    """Make the page and return its files.

    Raises:
        ScaffoldError: the name is bad or taken; nothing was changed.
    """
    pages = root / "webserver" / "pages"
    check_name(name, pages, reserved=RESERVED)
    rename = renamer(name)
    return copy_template(
        pages / "_template",
        pages / name,
        lambda text: rename(text).replace("My page", title_of(name)),
    )


if __name__ == "__main__":
    try:
        for path in main(Path(), sys.argv[1]):
            print("wrote", path)  # noqa: T201 (its output)
    except ScaffoldError as error:
        sys.exit(f"new-page: {error}.")
