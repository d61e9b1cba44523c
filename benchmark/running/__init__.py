"""Runs: planned, trained or fitted, tested, averaged, and taken up again."""
