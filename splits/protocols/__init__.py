"""Splitting protocols, one file each."""
