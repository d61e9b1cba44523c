"""Freeze what was trimmed into a version that people can cite and load elsewhere."""
