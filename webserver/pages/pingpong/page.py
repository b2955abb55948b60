"""The ping-pong page: an example of a page of one's own, next to `_template`."""

title = "Ping-pong"
icon = "chart"
order = 50
