"""Board formats, one file each."""
