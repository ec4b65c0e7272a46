"""Two-sample tests of real cutouts against simulated ones: can they be told apart, and by what."""
