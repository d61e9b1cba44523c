"""What is wrong with a workspace on disk, and what of it can be mended."""
