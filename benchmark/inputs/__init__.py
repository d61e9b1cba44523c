"""What networks see: datasets by name, clips, samplers' views, items, frames fed to the device."""
