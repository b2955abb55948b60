"""The mirror on real repositories."""

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from durapy_core.deploy.base import Revision
from durapy_core.deploy.git import Mirror
from durapy_core.deploy.working_tree import WORKING_TREE
from durapy_core.errors import DeployError
from tests.support.checkout import commit, git


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "a.txt").write_text("one\n", encoding="utf-8")
    (folder / ".gitignore").write_text(".env\n", encoding="utf-8")
    (folder / ".env").write_text("SECRET=1\n", encoding="utf-8")
    commit(folder)
    return folder


@pytest.fixture
def mirror(checkout: Path, tmp_path: Path) -> Mirror:
    mirror = Mirror(checkout, tmp_path / "mirror")
    mirror.fetch()
    return mirror


def full(checkout: Path, name: str = "HEAD") -> str:
    return git(checkout, "rev-parse", name).strip()


def names(mirror: Mirror, revision: Revision) -> dict[str, bytes]:
    with mirror.archive(revision) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        return {m.name: (f.read() if (f := tar.extractfile(m)) else b"") for m in tar}


def test_branches_tags_commits_and_the_checkout_s_own_commit_are_found(
    checkout: Path, mirror: Mirror
) -> None:
    first = full(checkout)
    git(checkout, "tag", "v1")
    git(checkout, "checkout", "--quiet", "-b", "exp/kalman-v2")
    (checkout / "a.txt").write_text("two\n", encoding="utf-8")
    commit(checkout)
    mirror.fetch()

    assert mirror.resolve("").commit == full(checkout)
    assert mirror.resolve("exp/kalman-v2").commit == full(checkout)
    assert mirror.resolve("main").commit == mirror.resolve("v1").commit == first
    assert mirror.resolve(first[:9]).commit == first
    assert mirror.resolve(first).name == first[:7]
    assert {ref.name for ref in mirror.refs()} == {"main", "exp/kalman-v2", "v1"}


@pytest.mark.parametrize(
    "forged",
    [
        "--upload-pack=touch /tmp/x",
        "-h",
        "../x",
        "main..other",
        "$(x)",
        "`x`",
        "main; rm",
        "main\nx",
        "HEAD@{1}",
        "main^{tree}",
        "a//b",
        ":/one",
        "ä",
        "x" * 300,
        "refs/durapy/../../x",
    ],
)
def test_what_is_no_name_of_a_revision_is_refused_in_one_line(mirror: Mirror, forged: str) -> None:
    with pytest.raises(DeployError, match="is not the name of a revision") as refused:
        mirror.resolve(forged)

    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("unknown", ["nowhere", "deadbeef", "abc", "a" * 40])
def test_an_unknown_revision_says_what_to_do(mirror: Mirror, unknown: str) -> None:
    with pytest.raises(DeployError, match=r'called "\w+"; `durapy revisions` lists them'):
        mirror.resolve(unknown)


def test_a_tree_that_somebody_named_by_its_id_is_no_revision(
    checkout: Path, mirror: Mirror
) -> None:
    tree = git(checkout, "rev-parse", "HEAD^{tree}").strip()

    with pytest.raises(DeployError, match="No branch, tag or commit"):
        mirror.resolve(tree)


def test_an_archive_holds_the_commit_whatever_is_on_disk(checkout: Path, mirror: Mirror) -> None:
    (checkout / "a.txt").write_text("edited\n", encoding="utf-8")

    files = names(mirror, mirror.resolve("main"))

    assert files["a.txt"] == b"one\n"
    assert mirror.read(mirror.resolve("main"), "a.txt") == "one\n"
    assert mirror.read(mirror.resolve("main"), "b.txt") is None


def test_the_working_tree_is_marked_and_holds_what_is_on_disk_but_nothing_ignored(
    checkout: Path, mirror: Mirror
) -> None:
    assert mirror.resolve(WORKING_TREE).name == full(checkout)[:7]
    (checkout / "a.txt").write_text("edited\n", encoding="utf-8")
    (checkout / "new.txt").write_text("new\n", encoding="utf-8")

    revision = mirror.resolve(WORKING_TREE)
    files = names(mirror, revision)

    assert revision.name == f"{full(checkout)[:7]}-dirty"
    assert files == {".gitignore": b".env\n", "a.txt": b"edited\n", "new.txt": b"new\n"}
    assert mirror.read(revision, "new.txt") == "new\n"


def test_changes_are_commits_and_files_and_how_far_apart(checkout: Path, mirror: Mirror) -> None:
    base = full(checkout)
    (checkout / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    (checkout / "b.bin").write_bytes(b"\0\1\2")
    commit(checkout)
    mirror.fetch()

    changes = mirror.changes(base, full(checkout))
    back = mirror.changes(full(checkout), base)

    assert (changes.ahead, changes.behind) == (1, 0)
    assert [c.subject for c in changes.commits] == ["State"]
    assert [(f.path, f.added, f.removed) for f in changes.files] == [
        ("a.txt", 1, 0),
        ("b.bin", -1, -1),
    ]
    assert (back.ahead, back.behind, back.commits) == (0, 1, [])


def test_changes_hold_the_lines_that_differ_and_name_what_is_not_text(
    checkout: Path, mirror: Mirror
) -> None:
    base = full(checkout)
    odd = 'a "b"\t*.txt'
    (checkout / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    (checkout / "b.bin").write_bytes(b"\0\1\2")
    (checkout / odd).write_text("@@ no hunk\ndiff --git a/x b/x\n", encoding="utf-8")
    commit(checkout)
    mirror.fetch()

    files = {f.path: f for f in mirror.changes(base, full(checkout)).files}

    assert files["a.txt"].diff == "@@ -1 +1,2 @@\n one\n+two"
    assert (files["b.bin"].diff, files["b.bin"].cut) == ("", False)
    assert files[odd].diff == "@@ -0,0 +1,2 @@\n+@@ no hunk\n+diff --git a/x b/x"
    assert not any(file.cut for file in files.values())


@pytest.mark.parametrize(
    "text", ["x" * 10_000_000, "line\n" * 100_000], ids=["one long line", "many lines"]
)
def test_of_a_large_difference_the_beginning_is_kept(
    checkout: Path, mirror: Mirror, text: str
) -> None:
    base = full(checkout)
    for n in range(8):
        (checkout / f"large{n}.txt").write_text(text, encoding="utf-8")
    commit(checkout)
    mirror.fetch()

    files = mirror.changes(base, full(checkout)).files

    assert all(file.cut for file in files)
    assert sum(len(file.diff) for file in files) < 300_000
    assert sum(file.added for file in files) == 8 * (text.count("\n") or 1)


def test_a_remote_s_branches_are_found_after_the_checkout_s_own(
    checkout: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    git(tmp_path, "clone", "--quiet", str(checkout), str(elsewhere))
    git(elsewhere, "checkout", "--quiet", "-b", "theirs")
    commit(elsewhere)
    mirror = Mirror(checkout, tmp_path / "mirror", remote=f"file://{elsewhere}")

    mirror.fetch()
    known = [mirror.is_of_checkout(name) for name in ("", "main", full(checkout)[:7], "theirs")]
    mirror.fetch_remote()

    assert known == [True, True, True, False]
    assert mirror.resolve("theirs").commit == full(elsewhere)
    assert mirror.resolve("main").commit == full(checkout)


def test_a_remote_that_does_not_answer_is_named(checkout: Path, tmp_path: Path) -> None:
    mirror = Mirror(checkout, tmp_path / "mirror", remote=f"file://{tmp_path}/nothing")

    mirror.fetch()
    with pytest.raises(DeployError, match=r"Git could not fetch file:///.*nothing"):
        mirror.fetch_remote()

    assert mirror.resolve("main").commit == full(checkout), "what the checkout has is there"


def test_a_remote_is_asked_elsewhere_if_that_is_wanted_and_its_password_is_never_told(
    checkout: Path, tmp_path: Path
) -> None:
    address = "https://lab:secret@git.example.org/rig.git"
    mirror = Mirror(checkout, tmp_path / "mirror", remote=address)
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
        asked.append(command)
        assert environment["GIT_TERMINAL_PROMPT"] == "0"
        raise DeployError(f"unable to access {address}")

    with pytest.raises(DeployError) as failed:
        mirror.fetch_remote(run)

    assert (asked[0][0], asked[0][-2:]) == (
        "git",
        [address, "+refs/heads/*:refs/remotes/origin/*"],
    )
    assert str(failed.value) == (
        "Git could not fetch https://git.example.org/rig.git: "
        "unable to access https://git.example.org/rig.git"
    )


def test_a_folder_that_is_no_repository_says_so(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()

    with pytest.raises(DeployError, match="Git could not fetch"):
        Mirror(tmp_path / "plain", tmp_path / "mirror").fetch()


def test_a_branch_that_is_gone_is_gone_from_the_mirror(checkout: Path, mirror: Mirror) -> None:
    git(checkout, "branch", "old")
    mirror.fetch()
    git(checkout, "branch", "-D", "old")

    mirror.fetch()

    with pytest.raises(DeployError):
        mirror.resolve("old")
