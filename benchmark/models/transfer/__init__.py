"""Weights from elsewhere: what files of them are, where they are found, how they get into a network."""
