"""Experiments: what is learnt from simulated skies, as `make experiments` measures it."""
