"""The demo: raw videos of a drawn athlete, a web server for them, and the list of their links."""
