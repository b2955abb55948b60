"""What Git says of revisions, as plain data: for the console, the command line and the log."""

from pydantic import BaseModel, ConfigDict


class Ref(BaseModel):
    """A branch or tag: its name, its commit, when that was made (ISO), its first line."""

    model_config = ConfigDict(frozen=True)

    name: str
    commit: str
    at: str
    subject: str


class Commit(BaseModel):
    """One commit for people: its short name, who, when (ISO), its first line."""

    model_config = ConfigDict(frozen=True)

    commit: str
    author: str
    at: str
    subject: str


class ChangedFile(BaseModel):
    """A file that differs, and by how many lines; -1 for one that is not text.

    Attributes:
        diff: the lines that differ, with some around them, as `git diff` shows them from the
            first `@@`; empty if there are none, or too many in the files before it.
        cut: whether there is more than `diff` shows.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    added: int
    removed: int
    diff: str = ""
    cut: bool = False


class Changes(BaseModel):
    """How one revision differs from another.

    Attributes:
        ahead, behind: how many commits are only in the target, and only in the base.
        commits: the newest of those only in the target.
        files: what differs between the two.
    """

    model_config = ConfigDict(frozen=True)

    ahead: int
    behind: int
    commits: list[Commit]
    files: list[ChangedFile]


def commit_of_line(line: str) -> Commit:
    """Return a commit from one line of `git log`, its fields apart by NUL."""
    commit, author, at, subject = line.split("\0")
    return Commit(commit=commit, author=author, at=at, subject=subject)


def file_of_row(row: str) -> ChangedFile:
    """Return a file from one row of `git diff --numstat -z`."""
    added, removed, path = row.split("\t", 2)
    return ChangedFile(
        path=path,
        added=int(added) if added.isdigit() else -1,
        removed=int(removed) if removed.isdigit() else -1,
    )
