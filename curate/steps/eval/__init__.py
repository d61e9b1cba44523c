"""Evaluate how well curation finds things by itself: shots, duplicates."""
