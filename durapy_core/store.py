"""Opening the store that the settings name: what every entry point does first."""

from durapy_core.engines import Engine, EngineOptions, open_engine
from durapy_core.settings import Settings, read_secret


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

    Raises:
        SettingsError: its file cannot be read.
    """
    if settings.engine_password_file is not None:
        secret = read_secret(settings.engine_password_file, variable="DURAPY_ENGINE_PASSWORD_FILE")
        return secret.get_secret_value()
    return settings.engine_password.get_secret_value() if settings.engine_password else None
