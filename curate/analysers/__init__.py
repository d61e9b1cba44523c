"""Analysers of a decode pass, one file each."""
