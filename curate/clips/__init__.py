"""Clips: proposed by rules, trimmed with proof, labelled with effects."""
