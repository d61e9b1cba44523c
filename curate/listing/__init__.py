"""The list of sources: read and checked, and what importers bring added to it."""
