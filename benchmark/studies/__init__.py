"""Studies of finished runs and of splits: temporal probes, other decoders, what a leaking split claims."""
