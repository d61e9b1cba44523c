"""Detectors of image effects, one file each, named by the kind they find."""
