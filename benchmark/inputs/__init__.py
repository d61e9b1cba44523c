"""What networks see: clips, samplers' views, items, and inputs made ahead of the model."""
