"""A service container for experiments: typed commands between long-running services."""
