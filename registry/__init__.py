"""What a released version is: its names, hash, manifest and scores, and how it is opened."""
