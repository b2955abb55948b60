"""The scripts of a page: each by one address with its hash, which is right at each load."""

import json
from pathlib import Path

from tests.support.console import Console
from webserver.page_loading import Page
from webserver.page_scripts import PageScripts
from webserver.static_files import StaticFiles


def page_in(folder: Path) -> Page:
    return Page(
        slug="mine", title="Mine", icon="page", href="/x/mine", builtin=False, folder=folder
    )


def imports(scripts: PageScripts) -> dict[str, str]:
    found: dict[str, str] = json.loads(scripts.import_map)["imports"]
    return found


def test_every_script_that_the_map_names_is_there_and_kept_for_good(
    console: Console, tmp_path: Path
) -> None:
    found = imports(PageScripts(StaticFiles(), page_in(tmp_path)))

    assert {"/static/durapy/client.js", "/static/vendor/lit-html/lit-html.js"} <= found.keys()
    for plain, address in found.items():
        answer = console.ask("GET", address, token=None)
        assert address.startswith(f"{plain}?v=")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_script_of_a_page_is_kept_by_its_visitors_browser_alone(console: Console) -> None:
    html = console.ask("GET", "/x/pingpong").text
    address = html.partition('type="module" src="/pages/')[2].partition('"')[0]

    answer = console.ask("GET", f"/pages/{address}")

    assert address.startswith("pingpong/page.js?v=")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_an_edited_script_has_another_address(tmp_path: Path) -> None:
    static, script = StaticFiles(), tmp_path / "page.js"
    script.write_text("export const first = 1;")
    before = PageScripts(static, page_in(tmp_path))
    script.write_text("export const second = 22;")
    after = PageScripts(static, page_in(tmp_path))

    assert before.url("/pages/mine/page.js") != after.url("/pages/mine/page.js")
    assert before.source != after.source


def test_hidden_linked_and_odd_names_do_no_harm(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "mine", tmp_path / "secret.js"
    folder.mkdir()
    elsewhere.write_text("secret")
    (folder / "linked.js").symlink_to(elsewhere)
    (folder / ".hidden.js").write_text("hidden")
    (folder / "<script>.js").write_text("odd")
    (folder / "a b%.js").write_text("odd")

    scripts = PageScripts(StaticFiles(), page_in(folder))

    own = [plain for plain in imports(scripts) if plain.startswith("/pages/")]
    assert own == ["/pages/mine/%3Cscript%3E.js", "/pages/mine/a%20b%25.js"]
    assert "<" not in scripts.import_map
    assert scripts.url("/pages/mine/none.js") == "/pages/mine/none.js"
