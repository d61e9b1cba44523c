"""Frames as networks want them: decoded once, read by index, embedded by motion, described by gradients."""
