"""Making versions: build, baselines, publication."""
