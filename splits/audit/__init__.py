"""The audit of a split: what is checked, how deep it looks, and the pairs to look at."""
