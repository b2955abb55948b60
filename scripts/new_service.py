"""Make a service: copy services/_template and write its entry into docker-compose.yml."""

import re
import sys
from pathlib import Path

from scaffold import ScaffoldError, check_name, copy_template, renamer

MARK = "  # scripts/new-service adds a service above this line."
RESERVED = frozenset({"commands", "deployer", "durapy", "redis", "setup", "webserver"})

ENTRY = """\
  {name}:
    <<: *service
    build: {{<<: *build, args: {{<<: *args, SERVICE: {name}}}}}
"""


def main(root: Path, name: str) -> list[Path]:
    """Make the service and return the files that are new or changed, the Compose file last.

    Raises:
        ScaffoldError: the name is bad or taken; nothing was changed.
    """
    services, compose = root / "services", root / "docker-compose.yml"
    check_name(name, services, reserved=RESERVED)
    text = add_entry(compose.read_text(encoding="utf-8"), name) if compose.exists() else None
    made = copy_template(services / "_template", services / name, renamer(name))
    if text is not None:
        compose.write_text(text, encoding="utf-8")
        made.append(compose)
    return made


def add_entry(compose: str, name: str) -> str:
    """Return the text of the Compose file with the service in it; the rest stays as it is.

    Raises:
        ScaffoldError: it has a service of this name, or no place for one.
    """
    if re.search(rf"^  {name}:", compose, re.MULTILINE):
        raise ScaffoldError(f"docker-compose.yml has a service {name!r} already")
    place = re.search(rf"^{re.escape(MARK)}|^volumes:", compose, re.MULTILINE)
    if place is None:
        raise ScaffoldError(
            "docker-compose.yml has no place for it; put this line back under `services:`, "
            f"behind the last service: {MARK.strip()!r}"
        )
    return f"{compose[: place.start()]}{ENTRY.format(name=name)}\n{compose[place.start() :]}"


if __name__ == "__main__":
    try:
        for path in main(Path(), sys.argv[1]):
            print("wrote", path)  # noqa: T201 (its output)
    except ScaffoldError as error:
        sys.exit(f"new-service: {error}.")
