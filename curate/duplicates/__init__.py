"""Near-duplicates: media that show the same footage, and the groups that follow."""
