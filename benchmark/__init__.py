"""Train and evaluate baselines on a release: frames, samplers, training, runs."""
