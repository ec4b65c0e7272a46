"""Series in time: systems of bodies, pendulums and light curves."""
