"""Runs: planned, trained or fitted, tested, average_runs, and taken up again."""
