"""Which revision an image is given, for each state that a folder may be in."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.checkout import clone, commit, git, head
from tests.support.compose import docker, need_docker

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

PARTS = ("Dockerfile.base", ".dockerignore", ".gitattributes", ".git_archival.txt")
SCRIPT = "scripts/image_revision.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with what decides the revision, and some code."""
    need_docker()
    clone(tmp_path, *PARTS, SCRIPT, "services", "LICENSE")
    return tmp_path


def revision_of(folder: Path, *options: str) -> str:
    """Build the stage that finds the revision and return what it found."""
    build = ("build", "--quiet", "--file", str(folder / "Dockerfile.base"), "--target", "revision")
    image = docker(*build, *options, str(folder)).strip()
    found = docker("run", "--rm", "--network", "none", image, "cat", "/REVISION").strip()
    docker("image", "rm", image)
    return found


def test_a_clean_checkout_is_its_commit(folder: Path) -> None:
    assert revision_of(folder) == head(folder)


def edit(folder: Path) -> None:
    (folder / "LICENSE").write_text("changed", encoding="utf-8")


def stage(folder: Path) -> None:
    edit(folder)
    git(folder, "add", "--all")


def stage_and_go_back(folder: Path) -> None:
    commit_of_edit = folder / "LICENSE"
    commit_of_edit.write_text("changed", encoding="utf-8")
    commit(folder)
    git(folder, "reset", "--quiet", "--soft", "HEAD~1")


def delete(folder: Path) -> None:
    (folder / "LICENSE").unlink()


@pytest.mark.parametrize("change", [edit, stage, stage_and_go_back, delete])
def test_a_changed_checkout_says_so(folder: Path, change: Callable[[Path], None]) -> None:
    change(folder)

    assert revision_of(folder) == f"{head(folder)}-dirty"


def leave_a_note(folder: Path) -> None:
    (folder / "note.txt").write_text("not tracked", encoding="utf-8")


def touch(folder: Path) -> None:
    (folder / "LICENSE").touch()


def pack(folder: Path) -> None:
    commit(folder)
    git(folder, "gc", "--quiet")


def detach(folder: Path) -> None:
    git(folder, "checkout", "--quiet", "--detach")


@pytest.mark.parametrize("change", [leave_a_note, touch, pack, detach])
def test_what_changes_no_code_changes_no_revision(
    folder: Path, change: Callable[[Path], None]
) -> None:
    change(folder)

    assert revision_of(folder) == head(folder)


def test_a_clone_is_its_commit(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = tmp_path_factory.mktemp("clone")

    git(folder, "clone", "--quiet", f"file://{folder}", str(copy))

    assert revision_of(copy) == head(folder)


def test_an_archive_without_git_is_the_commit_that_it_was_made_from(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("archive")

    archive = subprocess.run(
        ["git", "-C", folder, "archive", "HEAD"], capture_output=True, check=True
    )
    subprocess.run(["tar", "--extract", "--directory", copy], input=archive.stdout, check=True)

    assert revision_of(copy) == head(folder)


def test_a_folder_of_which_nothing_is_known_is_unknown(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("plain")

    for name in (*PARTS, SCRIPT):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_bytes((folder / name).read_bytes())

    assert revision_of(copy) == "unknown"


def test_a_repository_without_a_commit_is_unknown(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("new")

    for name in (*PARTS, SCRIPT):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_bytes((folder / name).read_bytes())
    git(copy, "init", "--quiet")

    assert revision_of(copy) == "unknown"


def test_a_linked_worktree_does_not_pretend_to_know(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("worktrees") / "linked"

    git(folder, "worktree", "add", "--quiet", "--detach", str(copy))

    assert revision_of(copy) == "unknown"


def test_the_build_argument_wins(folder: Path) -> None:
    assert revision_of(folder, "--build-arg", "DURAPY_REVISION=v1.2-dirty") == "v1.2-dirty"
