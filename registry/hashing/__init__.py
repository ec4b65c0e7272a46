"""The content hash: skyhash-1, of samples, variables, splits and datasets."""
