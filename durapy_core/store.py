"""Opening the store that the settings name: what every entry point does first."""

from durapy_core.engines import Engine, EngineOptions, open_engine
from durapy_core.settings import Settings, find_secret


def open_store(settings: Settings, *, wait_s: float | None = None) -> Engine:
    """Return the engine of this rig, open.

    While the store is away it is waited for as the settings say, or at most `wait_s` seconds.

    Raises:
        SettingsError: the URL, the folder or the password is not usable.
        EngineUnavailableError: the store did not answer in time.
    """
    connect_s, send_s = settings.connect_timeout_s, settings.send_timeout_s
    if wait_s is not None:
        connect_s, send_s = min(connect_s or wait_s, wait_s), min(send_s, wait_s)
    options = EngineOptions(
        namespace=settings.namespace,
        connect_timeout_s=connect_s,
        send_timeout_s=send_s,
        password=find_password(settings),
    )
    return open_engine(settings.engine, options)


def find_password(settings: Settings) -> str | None:
    """Return the password for a Redis URL that carries none, or None.

    An empty file counts as not set, as an empty variable does.

    Raises:
        SettingsError: its file cannot be read.
    """
    file, given = settings.engine_password_file, settings.engine_password
    secret = file and find_secret(file, variable="DURAPY_ENGINE_PASSWORD_FILE")
    secret = secret or given
    return secret.get_secret_value() if secret else None
