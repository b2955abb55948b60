"""Certificates that a test makes for itself, as files."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key, and the authority that signed it."""

    cert: Path
    key: Path
    ca: Path

    @property
    def settings(self) -> dict[str, Path]:
        """What a console is told to use it."""
        return {"tls_cert_file": self.cert, "tls_key_file": self.key}


def make_certificate(
    folder: Path,
    name: str = "rig",
    *,
    authority: trustme.CA | None = None,
    lasts: timedelta = timedelta(days=90),
    since: timedelta = timedelta(days=2),
) -> Certificate:
    """Make a certificate of this computer that began `since` ago and ends in `lasts`."""
    authority = authority or trustme.CA()
    now = datetime.now(UTC)
    made = authority.issue_cert(
        "127.0.0.1", "localhost", not_before=now - since, not_after=now + lasts
    )
    files = Certificate(*(folder / f"{name}.{kind}" for kind in ("pem", "key", "ca")))
    files.cert.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    files.key.write_bytes(made.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(files.ca))
    return files
