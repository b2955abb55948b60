"""The commands that only this service knows. Shared ones are in services/commands.py."""

from pydantic import Field

from durapy_core import Command


class TemplateCommand(Command, title="Template", group="Task", actuates=True):
    """Asks this service to do its one thing; this text stands above the form in the console."""

    amount: float = Field(
        1.0,
        title="Amount",
        description="How much of it.",
        gt=0,
        le=100,
        json_schema_extra={"unit": "ml"},
    )


class TemplateDoneCommand(Command, title="Template done", group="Task"):
    """Says that it was done."""

    amount: float = Field(title="Amount", json_schema_extra={"unit": "ml"})
