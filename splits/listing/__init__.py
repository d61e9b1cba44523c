"""What list files say: lines, entries, the names in them, and splits written as lists."""
