"""The service `_template`."""
