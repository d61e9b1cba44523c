"""Commands of `slateboard split`."""
