"""A real nginx with the configuration that docs/how-to.md shows, and a browser's way through it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from durapy_core.engines.memory import MemoryEngine
from tests.support.certificates import Certificate, make_certificate
from tests.support.console import LIMIT_S, Console, run_console
from tests.support.documents import read_document
from tests.support.log_lines import logged
from tests.support.requirements import missing
from tests.support.rig import free_port
from tests.support.waiting import wait_for

PROXY = "127.0.0.2"
"""The address that nginx asks from, so that the browser's, 127.0.0.1, is another one."""

FRAME = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    proxy_bind {PROXY};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@contextmanager
def nginx(folder: Path, files: Certificate, *, port: int, console_port: int) -> Iterator[None]:
    """Run nginx as the document says, with our ports and certificate."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        missing("nginx", "the Debian package nginx is not installed")
    (shown,) = read_document("docs/how-to.md").code("nginx")
    server = shown.text
    for what, ours in {
        "443 ssl": f"127.0.0.1:{port} ssl",
        "127.0.0.1:8080": f"127.0.0.1:{console_port}",
        "/etc/ssl/rig.lab.pem": str(files.cert),
        "/etc/ssl/private/rig.lab.key": str(files.key),
    }.items():
        assert what in server
        server = server.replace(what, ours)
    config = folder / "nginx.conf"
    config.write_text(FRAME.format(PROXY=PROXY, folder=folder, server=server))
    with (
        (folder / "nginx.log").open("wb") as log,
        subprocess.Popen([program, "-c", config, "-p", folder], stderr=log) as process,
    ):
        try:
            wait_for(lambda: answers(port, files) or process.poll(), "nginx to answer")
            assert process.poll() is None, (folder / "nginx.log").read_text()
            yield
        finally:
            process.terminate()


def answers(port: int, files: Certificate) -> bool:
    try:
        requests.get(f"https://127.0.0.1:{port}/login", verify=str(files.ca), timeout=LIMIT_S)
    except requests.ConnectionError:
        return False
    return True


@pytest.fixture
def through(engine: MemoryEngine, tmp_path: Path) -> Iterator[Console]:
    """The console as a browser finds it: behind nginx, by HTTPS."""
    files, port = make_certificate(tmp_path), free_port()
    url = f"https://127.0.0.1:{port}"
    given = {"port": free_port(), "console_url": url, "trusted_proxies": PROXY}
    with (
        run_console(engine, tmp_path, ca=files.ca, **given) as console,
        nginx(tmp_path, files, port=port, console_port=int(str(given["port"]))),
    ):
        yield console


def test_a_browser_signs_in_sends_and_listens_through_nginx(through: Console) -> None:
    browser = through.sign_in()
    header = "; ".join(f"{c.name}={c.value}" for c in browser.cookies)
    with through.connect(Cookie=header, Origin=through.url) as socket:
        socket.hello("command")
        socket.say(op="send", id=1, type="PING", body={"key": "a1"})
        sent = socket.hear("ack")["record"]

    assert all(cookie.secure for cookie in browser.cookies)
    assert sent["sender"] == "webserver:user"
    assert through.api("GET", f"commands/{sent['key']}").json()["body"] == {"key": "a1"}


def test_what_a_browser_forges_does_not_pass_nginx(through: Console) -> None:
    forged = {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
    }
    with logged() as lines:
        answer = through.ask("GET", "/login", token=None, headers=forged)
        through.ask("GET", "/nothing-here", token=None, headers=forged)
        refused = wait_for(
            lambda: [
                line["extra"] for line in lines if line["extra"].get("path") == "/nothing-here"
            ],
            "the line of the request, which comes after its answer",
        )

    assert "; Secure" in answer.headers["Set-Cookie"]
    assert [line["address"] for line in refused] == ["127.0.0.1"]
