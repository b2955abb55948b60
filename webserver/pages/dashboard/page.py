"""The dashboard: what the rig is doing now."""

title = "Dashboard"
icon = "dash"
path = "/"
order = 10
