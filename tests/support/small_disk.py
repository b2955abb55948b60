"""A disk that is filled to the last byte, and freed again."""

import errno
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 16


class SmallDisk:
    """The folder of a small file system.

    Attributes:
        folder: where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte."""
        piece = _PIECE
        with self._ballast.open("ab", buffering=0) as ballast:
            while piece:
                try:
                    ballast.write(b"x" * piece)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece //= 2

    def free(self) -> None:
        """Give all of that back."""
        self._ballast.unlink()
