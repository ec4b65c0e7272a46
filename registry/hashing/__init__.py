"""The content hash, skyhash-2 or skyhash-1: of samples, variables, splits and datasets."""
