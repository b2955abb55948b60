"""The scripts of a page, by addresses with the hash of their content: browsers keep them for good.

Scripts import each other by plain names. An import map in the page leads every such name, relative
or not, to its address with the hash, so each is one module however it was named. What the map does
not have, and every browser without maps, gets the plain address and asks anew each time.
Source: HTML Standard, "Import maps".
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from webserver.page_loading import Page
from webserver.static_files import STATIC_DIR, StaticFiles

_ENDING: Final = ".js"


class PageScripts:
    """The console's own scripts and those of a page, as they are now.

    Attributes:
        import_map: JSON, for an inline script of the type `importmap`.
    """

    def __init__(self, static: StaticFiles, page: Page) -> None:
        """Read what has changed: all of the console, and what lies right in the page's folder."""
        own = page.folder.glob(f"*{_ENDING}")
        self._addresses: Mapping[str, str] = {
            **_addresses(static, "/static", STATIC_DIR, STATIC_DIR.rglob(f"*{_ENDING}")),
            **_addresses(static, f"/pages/{page.slug}", page.folder, own),
        }
        text = json.dumps({"imports": self._addresses}, separators=(",", ":"))
        self.import_map = text.replace("<", "\\u003c")  # no name of a file ends the script

    @property
    def source(self) -> str:
        """What a content policy calls the import map: `'sha256-…'`."""
        digest = sha256(self.import_map.encode()).digest()
        return f"'sha256-{b64encode(digest).decode()}'"

    def url(self, plain: str) -> str:
        """Return the address of a script with its hash, or the plain one if it is not known."""
        return self._addresses.get(plain, plain)


def _addresses(
    static: StaticFiles, prefix: str, root: Path, paths: Iterable[Path]
) -> Mapping[str, str]:
    names = sorted(path.relative_to(root).as_posix() for path in paths)
    files = ((f"{prefix}/{quote(name)}", static.load(root, name)) for name in names)
    return {address: f"{address}?v={file.digest}" for address, file in files if file}
