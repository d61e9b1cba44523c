"""Near-duplicates: which videos show the same footage, by fingerprints over time or by hashes."""
