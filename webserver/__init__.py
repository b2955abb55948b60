"""The console: a web server that is itself a service. `python -m webserver` starts it."""
