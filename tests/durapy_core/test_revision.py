import subprocess
from pathlib import Path

import pytest

from durapy_core import revision
from durapy_core.revision import UNKNOWN, find_revision
from durapy_core.settings import Settings, load_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed copy: neither a checkout nor an image."""
    monkeypatch.setattr(revision, "__file__", str(tmp_path / "durapy_core" / "revision.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def found(**given: str) -> str:
    return find_revision(load_settings(Settings, **given))


def test_the_setting_wins(folder: Path) -> None:
    (folder / "REVISION").write_text("from-file\n")

    assert found(revision="from-setting") == "from-setting"


def test_a_file_beside_the_package_is_read(folder: Path) -> None:
    (folder / "REVISION").write_text("abc1234\n")

    assert found() == "abc1234"


def test_git_is_asked_and_a_change_is_marked(folder: Path) -> None:
    (folder / "file").write_text("1")
    git(folder, "init", "--quiet")
    git(folder, "add", "file")
    git(folder, "commit", "--quiet", "--message=first")
    commit = git(folder, "rev-parse", "--short", "HEAD")

    clean = found()
    (folder / "file").write_text("2")
    changed = found()

    assert (clean, changed) == (commit, f"{commit}-dirty")


def test_a_tag_does_not_hide_the_commit(folder: Path) -> None:
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=first")
    git(folder, "tag", "--annotate", "--message=x", "v1")

    assert found() == git(folder, "rev-parse", "--short", "HEAD")


def test_without_any_of_them_it_is_unknown(folder: Path) -> None:
    assert found() == UNKNOWN


def test_a_repository_without_a_commit_is_unknown(folder: Path) -> None:
    git(folder, "init", "--quiet")

    assert found() == UNKNOWN
