"""What a reader sees of a diff: bounded, and nothing that hides."""

from durapy_core.deploy.changes import ChangedFile
from durapy_core.deploy.line_diff import READ_AT_MOST, beginning, shown_lines, with_lines

HEAD = "diff --git a/a b/a\n--- a/a\n+++ b/a\n"


def test_the_hunks_are_shown_without_the_head() -> None:
    assert shown_lines(f"{HEAD}@@ -1 +1 @@\n-a\n+b\n") == ("@@ -1 +1 @@\n-a\n+b", False)


def test_a_change_of_the_mode_alone_has_no_lines() -> None:
    assert shown_lines("diff --git a/a b/a\nold mode 100644\nnew mode 100755\n") == ("", False)


def test_what_would_not_be_seen_is_an_escape() -> None:
    shown, _ = shown_lines(f"{HEAD}@@ -1 +1 @@\n+if admin:\u202e \x1b[2K\tend\r\n")

    assert shown.endswith("+if admin:\\u202e \\x1b[2K\tend\\r")


def test_a_line_that_was_cut_in_two_is_left_out() -> None:
    hunks = "@@ -0,0 +1,9 @@\n" + "+äöü\n" * 100
    for size in range(9):  # wherever the end falls
        padded = f"{HEAD}{'x' * (READ_AT_MOST - len(HEAD) - 512 + size)}\n{hunks}".encode()

        shown, cut = shown_lines(beginning(padded[:READ_AT_MOST]))

        assert cut
        assert set(shown.split("\n")[1:]) == {"+äöü"}


def test_once_there_is_enough_no_more_is_read() -> None:
    said = f"{HEAD}@@ -0,0 +1,9 @@\n" + f"+{'x' * 390}\n" * 150
    files = [ChangedFile(path=str(n), added=150, removed=0) for n in range(50)]
    read: list[str] = []

    def take(path: str) -> str:
        read.append(path)
        return said

    shown = with_lines(files, take)

    assert read == ["0", "1", "2", "3"]
    assert [bool(file.diff) for file in shown] == [True] * 4 + [False] * 46
    assert all(file.cut for file in shown[4:])
