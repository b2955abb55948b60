"""Commands: send one from a form, watch them come, look at any that was sent."""

title = "Commands"
icon = "cmd"
path = "/commands"
order = 20
