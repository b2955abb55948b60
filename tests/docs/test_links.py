"""Every link and every path in the documents leads somewhere, and every example can be read."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, git
from tests.support.documents import Document, all_documents

DOCUMENTS = all_documents()
PATH = re.compile(
    r"(?<![\w./-])(?:services|durapy_core|webserver|scripts|docs|tests)/[\w./-]*[\w/]"
)
EXAMPLES = re.compile(r"NAME|reward|gaze|camera")
"""What the documents let the reader make."""

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.path))


@every_document
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(document: Document) -> None:
    anchors = {d.path: d.anchors() for d in DOCUMENTS}

    for link in document.links():
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / document.path).parent / name if name else ROOT / document.path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors[Path(target.resolve()).relative_to(ROOT.resolve())], link


@every_document
def test_every_path_of_the_checkout_that_is_named_is_there(document: Document) -> None:
    for path in PATH.findall(document.text):
        if not EXAMPLES.search(path):
            assert (ROOT / path).exists(), path


def test_every_document_that_the_code_names_is_there() -> None:
    listed = git(ROOT, "ls-files", "--", "*.py", "*.js", "*.yml", "scripts", ".env.example")

    for name in listed.splitlines():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for document in re.findall(r"\bdocs/[a-z-]+\.md\b", text):
            assert (ROOT / document).is_file(), f"{name} names {document}"


@every_document
def test_every_json_example_is_json(document: Document) -> None:
    for code in document.code("json"):
        json.loads(code.text)


@every_document
def test_every_python_example_is_python_and_imports_what_is_there(document: Document) -> None:
    for code in document.code("python"):
        for node in ast.walk(ast.parse(code.text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                if EXAMPLES.search(node.module):
                    continue
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names), code.text
