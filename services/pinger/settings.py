"""What the pinger may be told from outside."""

from pydantic import Field

from durapy_core import ServiceSettings


class PingerSettings(ServiceSettings):
    """The pinger's settings.

    Attributes:
        ping_period_s: seconds from one ping to the next; `DURAPY_PING_PERIOD_S`.
    """

    ping_period_s: float = Field(3.0, gt=0, le=86_400)
