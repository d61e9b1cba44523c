"""What lies at each arrow of the way through the house, one record a file."""
