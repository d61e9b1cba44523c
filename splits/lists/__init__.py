"""List forms, one file each."""
