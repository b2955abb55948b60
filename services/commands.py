"""The vocabulary of this rig: every command that more than one service sends or hears.

A command that only one service knows belongs into that service's own commands.py.
"""

from pydantic import Field

from durapy_core import Command, session_label


class InitiateSessionCommand(Command, title="Initiate session", group="Session"):
    """Begins a session: every service that takes part sets itself up for it."""

    subject: str = session_label(
        "",
        title="Subject",
        description="Who or what is recorded; names the session.",
        max_length=80,
    )
    prefix: str = Field(
        "k",
        title="Key prefix",
        description="The keys of this session's pings begin with it.",
        min_length=1,
        max_length=32,
    )


class EndSessionCommand(Command, title="End session", group="Session", confirm=True):
    """Ends the session: every service that takes part puts itself away."""


class PingCommand(Command, title="Ping", group="Ping-pong"):
    """Asks for a pong. The pinger sends it; by hand it shows that the ponger listens."""

    key: str = Field(
        title="Key", description="A text that the pong gives back, reversed.", min_length=1
    )


class PongCommand(Command, title="Pong", group="Ping-pong"):
    """Answers a ping."""

    input_key: str = Field(title="Key of the ping", description="What the ping said.")
    output_key: str = Field(title="Reversed key", description="The same, reversed.")
