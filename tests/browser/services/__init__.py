"""Services that only the browser tests run."""
