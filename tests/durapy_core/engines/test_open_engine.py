"""A URL picks the engine; what is wrong with it is said in one line, without its password."""

import sys
from pathlib import Path

import pytest

from durapy_core.engines import mask_url, open_engine
from durapy_core.engines.base import EngineOptions
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import NewEntry
from durapy_core.errors import EngineUnavailableError, SettingsError
from tests.support.redis_server import RedisServer

SOON = EngineOptions(connect_timeout_s=0.2)


def test_each_memory_engine_is_private() -> None:
    with open_engine("memory://") as one, open_engine("memory://") as two:
        one.append("commands", NewEntry(type="PING", body="{}"))

        assert two.page("commands") == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "is not a URL"),
        ("localhost:6379", "is not a URL"),
        ("://x", "is not a URL"),
        ("reddis://localhost", 'no engine is called "reddis"; did you mean "redis"?'),
        ("kafka://localhost", 'no engine is called "kafka"; use one of redis, rediss, unix'),
        ("memory://name", "memory:// takes nothing behind it"),
        ("sqlite://a.db", "three slashes"),
        ("sqlite:///", "three slashes"),
        ("sqlite:////nowhere/at/all/a.db", "the folder /nowhere/at/all does not exist"),
        ("sqlite:////tmp", "/tmp cannot be opened"),  # noqa: S108 (a folder)
        ("redis://", "it names no host"),
        ("redis://host:99999", "the port is not a number up to 65535"),
        ("redis://host:port", "the port is not a number up to 65535"),
        ("redis://host/name", "the number of a database"),
        ("redis://host/0?colour=red", "an option behind ? is unknown"),
        ("redis://host/0?db=red", "an option behind ? has a wrong value"),
        ("redis://host/0?socket_timeout=1", "DuraPy chooses socket_timeout itself"),
        ("unix://run/redis.sock", "three slashes"),
        ("unix://", "three slashes"),
    ],
)
def test_a_url_that_cannot_be_used_is_explained_in_one_line(url: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_engine(url, SOON)

    message = str(caught.value)
    assert says in message
    assert "DURAPY_ENGINE" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "url",
    [
        "redis://:s3cret@host:99999",
        "redis://user:s3cret@host/x",
        "redis://user:s3/cr@et@host/x",
        "reddis://user:s3cret@host",
        "unix://:s3cret@run/redis.sock",
        "redis://127.0.0.1:1/0?password=s3cret",
        "redis://user:s3cret@127.0.0.1:1/0",
        "redis://user:s3cret@[::1",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    with pytest.raises((SettingsError, EngineUnavailableError)) as caught:
        open_engine(url, SOON)

    assert "s3" not in str(caught.value)
    assert "cr@et" not in str(caught.value)


def test_a_url_without_password_is_shown_as_it_is() -> None:
    for url in ("redis://host:1/0", "unix:///run/redis.sock", "sqlite:///a@b.db", "redis://me@h"):
        assert mask_url(url) == url


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415 (stands for the other program)

    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE theirs (a)")
    (tmp_path / "text.db").write_text("This is a text, not a database, and long enough to tell.")

    with pytest.raises(SettingsError, match="another program's SQLite file"):
        open_engine(f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(SettingsError, match="is not a SQLite file"):
        open_engine(f"sqlite:///{tmp_path}/text.db")


def test_a_file_of_a_newer_durapy_is_refused(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415 (stands for the newer version)

    url = f"sqlite:///{tmp_path}/commands.db"
    open_engine(url).close()
    with sqlite3.connect(tmp_path / "commands.db") as newer:
        newer.execute("PRAGMA user_version = 99")

    with pytest.raises(SettingsError, match=r"newer DuraPy \(layout 99, this one knows 2\)"):
        open_engine(url)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_a_server_that_is_not_there_is_waited_for_as_long_as_asked(url: str) -> None:
    with pytest.raises(EngineUnavailableError, match="does not answer"):
        open_engine(url, SOON)


@pytest.mark.redis
@pytest.mark.parametrize("password", [None, "wrong"])
def test_a_wrong_password_is_a_wrong_setting(password: str | None) -> None:
    right = EngineOptions(password="right")  # noqa: S106 (an example)
    with RedisServer(password=right.password) as server:
        url = f"unix://{server.socket_path}"

        with pytest.raises(SettingsError, match="refuses the password") as caught:
            open_engine(url, EngineOptions(password=password))

        assert "right" not in str(caught.value)
        open_engine(url, right).close()
        open_engine(server.tcp_url, EngineOptions(password=password)).close()


@pytest.mark.redis
def test_a_wrong_database_is_a_wrong_setting(redis_server: RedisServer) -> None:
    with pytest.raises(SettingsError, match="DB index is out of range"):
        open_engine(f"redis://127.0.0.1:{redis_server.port}/99")


def test_a_package_brings_an_engine_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "shelf", "from durapy_core.engines.memory import MemoryEngine\n"
             "def open(url, options):\n    return MemoryEngine(options)\n")  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)

    with open_engine("shelf://here", EngineOptions(namespace="rig")) as engine:
        assert isinstance(engine, MemoryEngine)
        assert engine.options.namespace == "rig"


def test_a_package_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "broken", "import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SettingsError, match=r'"broken" .*nowhere_to_be_found'):
        open_engine("broken://here")


def test_opening_memory_loads_no_driver() -> None:
    import subprocess  # noqa: PLC0415 (this test alone needs a clean interpreter)

    code = (
        "import sys; from durapy_core.engines import open_engine; open_engine('memory://');"
        "sys.exit(bool({'redis', 'sqlite3'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _install(folder: Path, scheme: str, code: str) -> None:
    """Lay down what pip would: a module, and its entry point among the metadata."""
    (folder / f"durapy_{scheme}.py").write_text(code)
    info = folder / f"durapy_{scheme}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: durapy-{scheme}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[durapy.engines]\n{scheme} = durapy_{scheme}:open\n")
