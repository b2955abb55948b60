"""The one command that every rig knows: an annotation. The console publishes it.

A service may hear it like any other, to write it beside its data: `@service.on(NoteCommand)`.
"""

from pydantic import AwareDatetime, Field

from durapy_core.command import Command


class NoteCommand(Command, title="Note", group="Notes"):
    """Writes down what somebody saw, stamped with the time at which they began to write."""

    text: str = Field(
        title="Note", min_length=1, max_length=4000, json_schema_extra={"widget": "textarea"}
    )
    at: AwareDatetime | None = Field(
        None, title="Begun at", description="Not set: when it is stored."
    )
