"""Balance: whole groups into parts of given shares, class by class."""
