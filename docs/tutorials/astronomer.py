"""FITS in astropy, tables with units, magnitudes, and fluxes in apertures against the truth.

python docs/tutorials/astronomer.py
"""

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS

import skybench

# The test split as FITS, each image compared with the published hashes on its way.
file = skybench.export("fits", "objects@0.3", split="test")
with fits.open(file, checksum=True) as units:
    units.info()
    header, images = units["IMAGE"].header, units["IMAGE"].data

# What was drawn, a row a source, each column with its unit and its meaning.
test = skybench.open("objects@0.3", split="test")
sources = skybench.sources(test, as_="astropy")
sources["flux", "half_light_radius", "position_angle", "source_x", "source_y"].info()

# The images have world coordinates about a nominal point of the sky.
wcs = WCS(header).celestial
sources["place"] = wcs.pixel_to_world(sources["source_x"], sources["source_y"])
print(sources["sample_id", "label", "place"][:3])

# Pixels are arcseconds, and electrons magnitudes: the zero point is that of one electron.
scale = u.pixel_scale(test.attrs["pixel_scale_arcsec"] * u.arcsec / u.pix)
sources["size"] = sources["half_light_radius"].to(u.arcsec, scale)
electrons = sources["flux"].to_value(u.electron)
sources["magnitude"] = (test.attrs["zeropoint"] - 2.5 * np.log10(electrons)) * u.ABmag
print(sources["label", "size", "magnitude"][:3])
print("the faintest has", sources["magnitude"].max().to(u.nJy))

# Sum each star within 8 pixels. A Moffat profile has this share of its light there:
stars = np.flatnonzero(sources["label"] == "star")
radius, y, x = 8.0, *np.mgrid[: images.shape[1], : images.shape[2]]
seeing = skybench.samples(test)[["psf_fwhm", "psf_beta", "sky_level", "read_noise"]].iloc[stars]
core = seeing.psf_fwhm / (2 * np.sqrt(2 ** (1 / seeing.psf_beta) - 1))
share = 1 - (1 + (radius / core) ** 2) ** (1 - seeing.psf_beta)

px, py = (sources[name][stars].value[:, None, None] for name in ("source_x", "source_y"))
inside = np.hypot(x - px, y - py) <= radius
measured = np.where(inside, images[stars], 0).sum(axis=(1, 2)) / share
noise = seeing.sky_level + seeing.read_noise**2
error = np.sqrt(electrons[stars] * share + noise * inside.sum(axis=(1, 2))) / share

pull = (measured - electrons[stars]) / error
print(f"{len(stars)} stars: aperture over true flux {np.median(measured / electrons[stars]):.4f},")
print(f"off by {pull.mean():+.2f} of the expected error in the mean, scattered by {pull.std():.2f}")

# One star of your own: 0.7 arcseconds wide on pixels of 0.263, 21.5th magnitude.
flux = 10 ** (0.4 * (test.attrs["zeropoint"] - 21.5))
star = skybench.generators.Star(flux=flux, fwhm=0.7 * u.arcsec, pixel_scale=0.263 * u.arcsec)
image = star.render((64, 64))
print(star.quantity("fwhm"), "=", star.quantity("fwhm", "arcsec"))
print(f"{float(image.sum()) / flux:.4f} of its light is on {image.shape} pixels")
