"""One step of the schema a file, in the order of the numbers in their names."""
