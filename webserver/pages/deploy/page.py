"""Deploy: what runs, from which revision, and putting another one in its place."""

title = "Deploy"
icon = "deploy"
path = "/deploy"
order = 30
