"""Shots: thumbnails, what changes between them, what a change is, and how well it is found."""
