"""Images of the sky: stars, galaxies and lenses under one point-spread function, with noise."""
