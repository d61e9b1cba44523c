"""Frame stores: a dataset decoded once."""
