"""Divide a released dataset into training and testing, groups whole, and certify that nothing leaks."""
