"""Samplers of frames, one file each."""
