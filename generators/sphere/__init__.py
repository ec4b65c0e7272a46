"""Maps of the whole sky in HEALPix pixels: random fields, point sources, noise and masks."""
