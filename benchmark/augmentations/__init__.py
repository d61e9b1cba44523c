"""Augmentations of training views, one file each."""
