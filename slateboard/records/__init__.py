"""Records that pass from one stage to the next, one subject a file."""
