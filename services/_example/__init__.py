"""The service `_example`."""
