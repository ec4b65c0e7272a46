"""Density cubes: dark-matter halos on a random field, in a periodic box."""
