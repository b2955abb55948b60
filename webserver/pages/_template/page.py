"""Copy this folder, rename it, and the page is there: at /x/FOLDER and in the rail."""

title = "My page"
icon = "page"  # a symbol of webserver/templates/icons.svg
order = 100  # pages with a lower number stand higher
# There may also be data for page.html, routes and listeners: docs/extend.md.
