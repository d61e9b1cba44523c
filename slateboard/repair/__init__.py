"""Find damages of a workspace on disk, and repair those that can be."""
