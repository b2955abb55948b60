"""The service `ponger`."""
