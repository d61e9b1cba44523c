"""Training: what a recipe says, and the loop that follows it."""
