"""Processes that do items, on this machine or on a cluster."""
