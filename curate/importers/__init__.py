"""Importers of lists of sources, one file each."""
