"""Settings: the only reader of the environment.

Every variable begins with `DURAPY_` and is described in `.env.example` and docs/reference.md.
Nothing is read at import; an entry point calls `load_settings` once and passes the result down.
"""

import os
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from durapy_core.errors import SettingsError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LogFormat = Literal["auto", "colour", "json"]
Network = IPv4Network | IPv6Network


class ServiceSettings(BaseSettings):
    """Base class for the settings of one service: subclass it in the service's folder.

    A field `ping_period_s` is read from `DURAPY_PING_PERIOD_S`.
    """

    model_config = SettingsConfigDict(
        env_prefix="DURAPY_", extra="ignore", frozen=True, env_ignore_empty=True
    )


class Settings(ServiceSettings):
    """What every DuraPy process may be told from outside.

    Attributes:
        data_dir: the folder for the SQLite file, the token and the cookie secret.
        engine: URL of the command store: redis://, rediss://, unix://, sqlite:///path, memory://;
            if empty, the file commands.db in the data folder.
        engine_password: added to a Redis URL that carries none.
        engine_password_file: a file with that password; wins over `engine_password`.
        namespace: separates rigs that share one store.
        rig: the name shown in the console; the namespace if empty.
        host: the address the web server listens on.
        port: the TCP port the web server listens on; 0 takes a free one.
        console_url: where browsers find the console, as links say it; empty: where it listens.
        trusted_proxies: reverse proxies whose X-Forwarded-… headers are believed.
        tls_cert_file: the console's certificate and those above it, PEM; empty: plain HTTP.
        tls_key_file: its private key, PEM; empty: in the certificate's file.
        token: the web API's bearer token.
        token_file: a file that holds the token; wins over `token`.
        users_file: who may sign in to the console by name; empty: `users` in the data folder.
        session_hours: a browser stays signed in so long.
        services_dir: the folder that holds one folder per service.
        pages_dir: a folder with pages of your own beside the console's.
        log_level: the least severe level that is logged.
        log_ship_level: the least severe level that also goes to the store.
        log_format: `auto` is colour on a terminal and JSON lines elsewhere.
        log_file: also log to this file, rotated; `{service}` stands for the service's name, as
            two processes must not share one file; empty for none.
        log_file_size_mb: a log file is rotated at this size (10^6 bytes).
        log_file_keep: how many rotated files are kept.
        revision: the code that runs; empty asks the image or Git.
        commit_ms: how long finished records may wait for their commit, in milliseconds.
        lease_s: so long after a service's death another process of its name has taken over.
        send_timeout_s: how long a send is retried while the store is away.
        connect_timeout_s: how long a start waits for the store; 0 waits for ever.
        keep_commands, keep_receipts, keep_logs, keep_operations, keep_safety: so many of the newest
            entries of that log are kept; 0 keeps all.
        keep_commands_days, keep_receipts_days, keep_logs_days: older ones go; 0 keeps any.
        keep_cursor_days: a service that was not seen for so long no longer holds back the trimming
            of commands; 0: it holds it back for ever.
        heartbeat_file: touched each time the status was written; a health check looks at its age.
        docker_socket: where the deployer finds Docker.
        compose_project: whose containers the deployer may touch; empty: its own project's.
        repository: the checkout whose revisions the deployer rolls out.
        git_remote: a repository whose branches it fetches as well; empty for none.
        keep_images: how many images of each service are kept beside the one that runs.
        rollout_start_s: how long a new container may take until it stands by, and then
            until it leads, in seconds each.
        rollout_watch_s: how long it must then stay well before the old one goes, in seconds.
    """

    data_dir: Path = Path(".durapy")
    engine: str = Field(default_factory=lambda given: _default_engine(given["data_dir"]))
    engine_password: SecretStr | None = None
    engine_password_file: Path | None = None
    namespace: str = Field("durapy", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")
    rig: str = ""
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    console_url: str = Field("", pattern=r"^(https?://[^/\s]+)?$")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(default_factory=tuple)
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    token: SecretStr | None = None
    token_file: Path | None = None
    users_file: Path | None = None
    session_hours: float = Field(720, gt=0)
    services_dir: Path = Path("services")
    pages_dir: Path | None = None
    log_level: LogLevel = "INFO"
    log_ship_level: LogLevel = "INFO"
    log_format: LogFormat = "auto"
    log_file: Path | None = None
    log_file_size_mb: float = Field(10, gt=0)
    log_file_keep: int = Field(5, ge=1)
    revision: str = ""
    commit_ms: float = Field(5, ge=0)
    lease_s: float = Field(3, ge=0.1)
    send_timeout_s: float = Field(30, gt=0)
    connect_timeout_s: float = Field(0, ge=0)
    keep_commands: int = Field(1_000_000, ge=0)
    keep_commands_days: float = Field(0, ge=0)
    keep_receipts: int = Field(1_000_000, ge=0)
    keep_receipts_days: float = Field(0, ge=0)
    keep_logs: int = Field(100_000, ge=0)
    keep_logs_days: float = Field(0, ge=0)
    keep_operations: int = Field(10_000, ge=0)
    keep_safety: int = Field(10_000, ge=0)
    keep_cursor_days: float = Field(7, ge=0)
    heartbeat_file: Path | None = None
    docker_socket: Path = Path("/var/run/docker.sock")
    compose_project: str = ""
    repository: Path = Path("/repo")
    git_remote: str = Field("", pattern=r"^([A-Za-z0-9/.].*)?$")
    keep_images: int = Field(5, ge=1)
    rollout_start_s: float = Field(60, ge=1)
    rollout_watch_s: float = Field(5, ge=0)

    @field_validator("log_level", "log_ship_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("console_url", mode="before")
    @classmethod
    def _without_slash(cls, value: object) -> object:
        return value.rstrip("/") if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        """Read a list with commas; a network with bits of a host is none, and says so."""
        if not isinstance(value, str):
            return value
        return tuple(ip_network(name.strip()) for name in value.split(",") if name.strip())

    @property
    def users_path(self) -> Path:
        """The file of the console's users, whether it is there or not."""
        return self.users_file or self.data_dir / "users"

    @property
    def rig_name(self) -> str:
        """The name of this rig for people."""
        return self.rig or self.namespace


S = TypeVar("S", bound=ServiceSettings)


def load_settings(kind: type[S], **given: Any) -> S:
    """Return the settings of this process: `given` first, then the environment, then defaults.

    Values in `given` that are None count as not given, so a command line can pass its options on.

    Raises:
        SettingsError: a value is malformed; the message names the variable and the value.
    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(e) for e in error.errors())) from error


def child_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with `variables` added: what a child process is given."""
    return {**os.environ, **variables}  # noqa: TID251 (this file is the only reader)


def notify_address() -> str | None:
    """Return where systemd listens for news of this process, or None if it does not."""
    return os.environ.get("NOTIFY_SOCKET")  # noqa: TID251 (as above)


def user_units_dir() -> Path:
    """Return the folder for the unit files of the user's own systemd."""
    config = os.environ.get("XDG_CONFIG_HOME")  # noqa: TID251 (as above)
    return (Path(config) if config else Path.home() / ".config") / "systemd" / "user"


def make_data_dir(settings: Settings) -> Path:
    """Create the data folder if it is not there, readable by its owner only, and return it.

    Raises:
        SettingsError: it cannot be created or written.
    """
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".writable-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be written ({error.strerror}); "
            "set DURAPY_DATA_DIR to a folder that can."
        ) from error
    return folder


def read_secret(path: Path, *, variable: str) -> SecretStr:
    """Return the content of a secret's file without the line end.

    Raises:
        SettingsError: the file cannot be read or is empty.
    """
    found = find_secret(path, variable=variable)
    if found is None:
        raise SettingsError(f"{variable}={path} is empty; write the secret into it.")
    return found


def find_secret(path: Path, *, variable: str) -> SecretStr | None:
    """Return the content of a secret's file without the line end, or None if it is empty.

    Raises:
        SettingsError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}={path} cannot be read ({error}).") from error
    return SecretStr(text) if text else None


def _default_engine(data_dir: Path) -> str:
    return f"sqlite:///{quote(str(data_dir))}/commands.db"


def _explain(error: "ErrorDetails") -> str:
    name = "DURAPY_" + "_".join(map(str, error["loc"])).upper()
    secret = any(word in name for word in ("TOKEN", "PASSWORD")) and not name.endswith("_FILE")
    value = "(hidden)" if secret else error["input"]
    return f"{name}={value} is not usable: {error['msg']}; docs/reference.md lists every setting"
