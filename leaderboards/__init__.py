"""Score predictions, gather the runs, and build the board as tables and a page."""
