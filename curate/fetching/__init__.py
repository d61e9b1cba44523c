"""Bring sources to disk: the only place of the suite that speaks to the network to collect."""
