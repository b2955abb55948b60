"""HTTPS with a certificate that was given, and one line about what is wrong with it."""

import os
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import trustme

from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import SettingsError
from tests.support.certificates import Certificate, make_certificate
from tests.support.console import LIMIT_S, run_console
from tests.support.log_lines import logged
from webserver.tls import Tls

DAY = timedelta(days=1)


def refusal(cert: Path, key: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        Tls(cert, key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def serial_shown(tls: Tls, ca: Path) -> str:
    """Return the serial number of the certificate that a new connection is shown."""
    client = ssl.create_default_context(cafile=str(ca))
    ours, theirs = socket.socketpair()
    with ThreadPoolExecutor() as pool, ours, theirs:
        serving = pool.submit(tls.context.wrap_socket, theirs, server_side=True)
        with client.wrap_socket(ours, server_hostname="127.0.0.1") as wrapped:
            shown = wrapped.getpeercert() or {}
        serving.result(LIMIT_S).close()
    return str(shown["serialNumber"])


def test_pages_api_and_socket_come_by_https_with_secure_cookies(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    files = make_certificate(tmp_path)
    with run_console(engine, tmp_path, ca=files.ca, **files.settings) as console:
        cookies = console.sign_in().cookies
        header = "; ".join(f"{c.name}={c.value}" for c in cookies)
        login = console.ask("GET", "/login", token=None)
        with console.connect(Cookie=header, Origin=console.url) as client:
            client.hello("command")
            sent = console.send()
            (heard,) = client.commands(1)

    assert console.url.startswith("https://127.0.0.1:")
    assert heard["key"] == sent.json()["key"]
    assert all(cookie.secure for cookie in cookies)
    assert login.headers["Set-Cookie"].count("; Secure") == 1
    assert "Strict-Transport-Security" not in login.headers


def test_certificate_and_key_may_be_one_file(engine: MemoryEngine, tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(files.key.read_bytes() + files.cert.read_bytes())

    with run_console(engine, tmp_path, ca=files.ca, tls_cert_file=both) as console:
        assert console.send().status_code == 201


def test_a_page_that_came_by_http_may_not_write(engine: MemoryEngine, tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    with run_console(engine, tmp_path, ca=files.ca, **files.settings) as console:
        browser = console.sign_in()
        origin = console.url.replace("https", "http")
        answer = browser.post(f"{console.url}/logout", headers={"Origin": origin}, timeout=LIMIT_S)

    assert answer.status_code == 403


def test_who_speaks_plain_http_to_it_gets_nothing_and_harms_nothing(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    files = make_certificate(tmp_path)
    with run_console(engine, tmp_path, ca=files.ca, **files.settings) as console:
        with logged() as lines, pytest.raises(requests.ConnectionError):
            requests.get(console.url.replace("https", "http"), timeout=LIMIT_S)
        assert console.send().status_code == 201

    assert not [line for line in lines if line["level"].no >= 40]


def test_a_renewed_certificate_is_taken_up_and_a_broken_one_is_not(tmp_path: Path) -> None:
    authority = trustme.CA()
    files = make_certificate(tmp_path, authority=authority)
    tls = Tls(files.cert, files.key)
    first, shown = tls.valid_until, serial_shown(tls, files.ca)

    make_certificate(tmp_path, authority=authority, lasts=100 * DAY)
    tls.look()
    renewed, shown_now = tls.valid_until, serial_shown(tls, files.ca)
    with logged() as lines:
        files.key.write_text("nothing")
        tls.look()
        tls.look()

    assert shown_now != shown
    assert serial_shown(tls, files.ca) == shown_now
    assert renewed - first == pytest.approx(10 * DAY, abs=timedelta(hours=1))
    assert tls.valid_until == renewed
    assert [line["level"].name for line in lines] == ["ERROR"]


def test_a_certificate_that_ends_soon_is_said_once_a_day(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, lasts=3 * DAY)
    tls = Tls(files.cert, files.key)

    with logged() as lines:
        tls.look()
        tls.look()

    (line,) = lines
    assert line["level"].name == "WARNING"
    assert f"{datetime.now(UTC) + 3 * DAY:%Y-%m-%d}" in line["message"]


@pytest.mark.parametrize(
    ("lasts", "since", "why"),
    [(-DAY, 3 * DAY, "certificate has expired"), (9 * DAY, -DAY, "certificate is not yet valid")],
)
def test_a_certificate_that_is_not_valid_today_is_refused(
    tmp_path: Path, lasts: timedelta, since: timedelta, why: str
) -> None:
    files = make_certificate(tmp_path, lasts=lasts, since=since)

    assert refusal(files.cert, files.key) == (
        f"DURAPY_TLS_CERT_FILE={files.cert} is not valid: {why}."
    )


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    files, other = make_certificate(tmp_path), make_certificate(tmp_path, "other")

    assert refusal(files.cert, other.key) == (
        f"DURAPY_TLS_KEY_FILE={other.key} is not the key of {files.cert}."
    )


def test_files_that_are_missing_or_hold_something_else_are_named(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    gone, junk, cut = tmp_path / "gone", tmp_path / "junk", tmp_path / "cut"
    junk.write_bytes(os.urandom(500))
    cut.write_bytes(files.cert.read_bytes().replace(b"\nM", b"\nZ", 1))

    assert refusal(gone, files.key) == (
        f"DURAPY_TLS_CERT_FILE={gone} cannot be read (No such file or directory)."
    )
    assert refusal(tmp_path, files.key) == (
        f"DURAPY_TLS_CERT_FILE={tmp_path} cannot be read (Is a directory)."
    )
    assert refusal(files.cert, gone).startswith(f"DURAPY_TLS_KEY_FILE={gone} cannot be read")
    assert refusal(junk, files.key) == (
        f"DURAPY_TLS_CERT_FILE={junk} holds no certificate in PEM form."
    )
    assert refusal(files.cert, files.cert) == (
        f"DURAPY_TLS_KEY_FILE={files.cert} holds no private key in PEM form."
    )
    assert refusal(cut, files.key).startswith(f"DURAPY_TLS_CERT_FILE={cut} cannot be used (")


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    locked = tmp_path / "locked.key"
    ways = ("-in", str(files.key), "-out", str(locked), "-aes256", "-passout", "pass:x")
    subprocess.run(["openssl", "pkey", *ways], check=True)

    assert "is locked with a passphrase" in refusal(files.cert, locked)


def test_a_key_without_a_certificate_is_refused(engine: MemoryEngine, tmp_path: Path) -> None:
    files: Certificate = make_certificate(tmp_path)

    with (
        pytest.raises(SettingsError, match="set DURAPY_TLS_CERT_FILE"),
        run_console(engine, tmp_path, tls_key_file=files.key),
    ):
        pass
