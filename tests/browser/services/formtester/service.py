"""Hears one command for each of the form's models."""

from typing import Any

from pydantic import create_model

from durapy_core import Command, Context, Service
from tests.webserver.form_models import MODELS

service = Service("formtester")


def hear(command: Command, ctx: Context) -> None:
    """Take note that it came through."""
    ctx.log.info("heard", command=type(command).__name__)


for model in MODELS:
    bases: Any = (Command, model)
    made = create_model(f"{model.__name__}Command", __base__=bases, __doc__=model.__doc__)
    listen: Any = service.on
    listen(made)(hear)
