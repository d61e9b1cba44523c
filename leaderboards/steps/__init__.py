"""Commands of `slateboard board`."""
