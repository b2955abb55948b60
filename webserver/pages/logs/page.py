"""Logs: what every service says, live and as far back as the rig keeps it."""

title = "Logs"
icon = "logs"
path = "/logs"
order = 40
