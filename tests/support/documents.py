"""The documents of the checkout: their code blocks, tables, headings and links."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.checkout import ROOT, git

_FENCE: Final = re.compile(
    r"^(?:<!-- (?P<mark>[^>]+) -->\n)?(?P<indent> *)```(?P<language>[\w+]+)\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced block; `mark` is the comment before it."""

    language: str
    text: str
    mark: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """One Markdown file; `path` is relative to the root of the checkout."""

    path: Path
    text: str

    def code(self, language: str) -> list[Code]:
        """Return the fenced blocks in a language, in order."""
        found = (
            Code(match["language"], match["text"], match["mark"])
            for match in _FENCE.finditer(self.text)
        )
        return [code for code in found if code.language == language]

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def links(self) -> list[str]:
        """Return the targets of the links."""
        return _LINK.findall(self.prose)

    def headings(self) -> list[str]:
        """Return the headings, without their marks."""
        return _HEADING.findall(self.prose)

    def anchors(self) -> set[str]:
        """Return what links behind `#` may name, as GitHub makes it of the headings."""
        kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in self.headings())
        return {heading.replace(" ", "-") for heading in kept}

    def section(self, heading: str) -> str:
        """Return the text below a heading, up to the next one of its level or above."""
        found = re.search(rf"^(#+) {re.escape(heading)}$", self.text, re.MULTILINE)
        assert found, f"{self.path} has no heading {heading!r}"
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
        return rest[: end.start()] if end else rest


def read_document(name: str) -> Document:
    """Return one document of the checkout."""
    return Document(Path(name), (ROOT / name).read_text(encoding="utf-8"))


def all_documents() -> list[Document]:
    """Return every Markdown file that Git knows or is to know."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md")
    return [read_document(name) for name in listed.splitlines() if (ROOT / name).is_file()]


def table_rows(text: str) -> list[list[str]]:
    """Return the cells of every table row in a text; a cell of code without its backticks."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("| ---"):
            rows.pop()
        elif line.startswith("|"):
            cells = (cell.strip() for cell in line.strip().strip("|").split(" | "))
            rows.append([re.sub(r"^`([^`]*)`$", r"\1", cell) for cell in cells])
    return rows
