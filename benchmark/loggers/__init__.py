"""Loggers, one file each: where the rows of a training go besides log.csv."""
