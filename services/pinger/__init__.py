"""The service `pinger`."""
