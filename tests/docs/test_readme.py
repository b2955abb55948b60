"""The code in the README is the code of the checkout, and runs."""

import ast
from typing import Any

from durapy_core.cli.body import read_body
from durapy_core.schema_check import check_body
from tests.support.checkout import ROOT
from tests.support.documents import read_document

README = read_document("README.md")


def substance(source: str) -> str:
    """Return the program without docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
    return ast.dump(tree)


def test_the_service_in_the_readme_is_the_ponger() -> None:
    shown = next(c.text for c in README.code("python") if 'Service("ponger"' in c.text)
    real = (ROOT / "services" / "ponger" / "service.py").read_text(encoding="utf-8")

    assert substance(shown) == substance(real)


def test_the_command_in_the_readme_can_be_made_and_checked() -> None:
    shown = next(c.text for c in README.code("python") if "class RewardCommand" in c.text)
    names: dict[str, Any] = {}

    exec(compile(shown, "README.md", "exec"), names)  # noqa: S102 (it is our own)

    reward = names["RewardCommand"]
    schema = reward.model_json_schema()
    assert reward.options.type == "REWARD"
    assert check_body(schema, read_body(["volume_ml=0.2"], schema)) == ()
    assert check_body(schema, read_body(["volume_ml=2"], schema)) != ()


def test_the_readme_fits_three_screens() -> None:
    assert len(README.text.splitlines()) <= 120


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
