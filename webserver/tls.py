"""TLS with the certificate that the settings name: checked when the console starts.

A file that is wrong is said in one line then, and not by a browser much later. A certificate that
is renewed on disk is taken up while the console runs.
"""

import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from loguru import logger

from durapy_core.errors import SettingsError
from durapy_core.settings import Settings

LOOK_EVERY_S: Final = 60.0
"""How often somebody should call `Tls.look`."""

_ENDS_SOON: Final = timedelta(days=14)
_SAY_EVERY: Final = timedelta(days=1)
_CERTIFICATE: Final = re.compile(rb"-----BEGIN (CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)
_HANDSHAKE_TURNS: Final = 8


class Tls:
    """The console's certificate.

    Attributes:
        context: what new connections are made with.
        valid_until: when the certificate ends.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both files; they may be one.

        Raises:
            SettingsError: one of them cannot be used, or the certificate is not valid now.
        """
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate, self._key = certificate, key
        self._said_at = datetime.min.replace(tzinfo=UTC)
        self._seen = self._state()
        self.valid_until = self._load()

    def look(self) -> None:
        """Take up a certificate that was renewed; say once a day of one that ends soon."""
        state = self._state()
        if state != self._seen:
            self._seen = state
            try:
                self.valid_until = self._load()
                logger.info(
                    "the new certificate is in use", valid_until=self.valid_until.isoformat()
                )
            except (SettingsError, OSError) as error:  # OSError: it changed once more meanwhile
                logger.error(
                    "the certificate was changed and the former one stays: {error}", error=error
                )
        now = datetime.now(UTC)
        if self.valid_until - now < _ENDS_SOON and now - self._said_at > _SAY_EVERY:
            self._said_at = now
            logger.warning(
                "the console's certificate ends {date}; renew {path}",
                date=f"{self.valid_until:%Y-%m-%d %H:%M} UTC",
                path=self._certificate,
            )

    def _load(self) -> datetime:
        """Check the files, then use them for new connections; return when the certificate ends."""
        until = check_certificate(self._certificate, self._key)
        self.context.load_cert_chain(self._certificate, self._key)
        return until

    def _state(self) -> list[tuple[int, int]]:
        """Return what changes when a file is written, also through a link that is set anew."""
        return [_stamp(path) for path in (self._certificate, self._key)]


def open_tls(settings: Settings) -> Tls | None:
    """Return what the console speaks TLS with; None if no certificate is set.

    Raises:
        SettingsError: see `Tls`; or a key is set without a certificate.
    """
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if certificate is None:
        if key is None:
            return None
        raise SettingsError(
            f"DURAPY_TLS_KEY_FILE={key} has no certificate; set DURAPY_TLS_CERT_FILE."
        )
    return Tls(certificate, key or certificate)


def check_certificate(certificate: Path, key: Path) -> datetime:
    """Return when a certificate ends.

    Raises:
        SettingsError: a file cannot be read or holds something else, the two do not belong
            together, or the certificate is not valid now; the message says which and what to do.
    """
    shown = _read(certificate, "DURAPY_TLS_CERT_FILE")
    chain = [match[0] for match in _CERTIFICATE.finditer(shown)]
    if not chain:
        raise _unusable(certificate, "CERT", "holds no certificate in PEM form")
    secret = _read(key, "DURAPY_TLS_KEY_FILE")
    if b"PRIVATE KEY-----" not in secret:
        raise _unusable(key, "KEY", "holds no private key in PEM form")
    if b"ENCRYPTED" in secret:
        raise _unusable(key, "KEY", "is locked with a passphrase; write it without: openssl pkey")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        server.load_cert_chain(certificate, key)
        return _shake_hands(server, b"\n".join(chain).decode("ascii"))
    except ssl.SSLCertVerificationError as error:
        raise _unusable(certificate, "CERT", f"is not valid: {error.verify_message}") from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _unusable(key, "KEY", f"is not the key of {certificate}") from error
        raise _unusable(certificate, "CERT", f"cannot be used ({error.reason or error})") from error


def _shake_hands(server: ssl.SSLContext, chain: str) -> datetime:
    """Return when the certificate ends, as a client that trusts its chain is told.

    The standard library shows a certificate to the other side of a connection only.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cadata=chain)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(back, there)
    for end in (here, server.wrap_bio(there, back, server_side=True)) * _HANDSHAKE_TURNS:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    shown = here.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_ino


def _read(path: Path, variable: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{variable}={path} cannot be read ({error.strerror}).") from error


def _unusable(path: Path, which: str, why: str) -> SettingsError:
    return SettingsError(f"DURAPY_TLS_{which}_FILE={path} {why}.")
