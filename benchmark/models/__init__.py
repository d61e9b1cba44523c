"""Networks and estimators: backbones, first weights, frozen features, and how they are kept."""
