"""Diffraction spikes: what the struts of a telescope's second mirror scatter of all light.

A share s of the light goes into lines through each point, of N arms, that fall off exponentially,

    P = M * ((1 - s) delta + s (2 / N) sum of lines),    line(t) = exp(-|t| / L) / (2 L),

M the Moffat or Gaussian of the seeing and * the convolution. A line at angle phi has the transform
1 / (1 + (L k_phi)^2), k_phi the frequency along it. Diffraction by straight edges falls off as the
square of the angle and in fringes (Harvey & Ftaclas 1995, Applied Optics 34, 6337); what is seen of
it above the noise of one image is as well told by an exponential.

All that is drawn has the same spikes, so an image is drawn without, with a margin about it, and
then convolved. Pixels tell the frequencies of a PSF that they sample: where a tenth of the light
is in spikes, errors are 4e-4 of the peak at a FWHM of 1.5 pixels, 2e-4 at 2, below 1e-4 from 2.5
on.
"""

from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr
from scipy.fft import irfft2, next_fast_len, rfft2

from skybench.generators.arrays import Floats, Integers
from skybench.generators.distributions import Constant, Distribution
from skybench.generators.recipe import Condition, Part
from skybench.generators.sky.vocabulary import VOCABULARY

SHARPEST = 1.5
"""Pixels of FWHM below which pixels do not sample a PSF well enough."""

_REACH, _STEP = 4.0, 16
"""Margin in lengths of the spikes, rounded up to a multiple of pixels."""

_LARGEST = 8192

Draw = Callable[[xr.Dataset, tuple[int, int]], Floats]


class Spikes(Part):
    """Diffraction spikes of the PSF, alike in all bands.

    ``count`` arms have together the share ``fraction`` of all light; each falls by e over the
    ``length`` in pixels. ``angle`` is that of the first.
    """

    count: Distribution = Constant(value=4)
    fraction: Distribution = Constant(value=0.05)
    length: Distribution = Constant(value=8)
    angle: Distribution = Constant(value=0)

    @property
    def conditions(self) -> Iterator[Condition]:
        """What is drawn of them once a sample."""
        for key in type(self).model_fields:
            yield Condition(f"psf.spikes.{key}", VOCABULARY[f"spike_{key}"], getattr(self, key))


def are_in(parameters: xr.Dataset) -> bool:
    """Tell whether the samples were seen with spikes."""
    return "spike_fraction" in parameters


def spread(parameters: xr.Dataset, shape: tuple[int, int], draw: Draw) -> Floats:
    """Return images with spikes, (sample, y, x).

    Parameters
    ----------
    parameters : xr.Dataset
    shape : (ny, nx)
    draw : callable
        (parameters, shape) -> images without spikes.
    """
    images = np.empty((parameters.sizes["sample"], *shape))
    margins = _margins(parameters, max(shape))
    plain = parameters.drop_vars([name for name in VOCABULARY if name.startswith("spike_")])
    for margin in np.unique(margins).tolist():
        members = np.flatnonzero(margins == margin)
        some = plain.isel(sample=members)
        placed = {n: some[n] + margin for n in ("source_x", "source_y")}
        wide = draw(some.assign_coords(placed), (shape[0] + 2 * margin, shape[1] + 2 * margin))
        within = (slice(margin, margin + shape[0]), slice(margin, margin + shape[1]))
        for one, image in zip(members.tolist(), wide, strict=True):
            images[one] = _convolved(image, parameters.isel(sample=one))[within]
    return np.maximum(images, 0, out=images)


def _margins(parameters: xr.Dataset, longest: int) -> Integers:
    """Return the pixels about the image from which light still comes: of each sample alone."""
    needed = _STEP * np.ceil(_REACH * parameters["spike_length"].values / _STEP)
    margins = np.minimum(needed, max(_LARGEST - longest, 0) // 2)
    return np.asarray(margins, dtype=np.int64)


def _convolved(image: Floats, sample: xr.Dataset) -> Floats:
    sides = [next_fast_len(length, real=True) for length in image.shape]
    ky = 2 * np.pi * np.fft.fftfreq(sides[0])[:, None]
    kx = 2 * np.pi * np.fft.rfftfreq(sides[1])
    share, length, angle, count = (
        float(sample[f"spike_{key}"]) for key in ("fraction", "length", "angle", "count")
    )
    lines = int(count) // 2
    transform = np.zeros((ky.size, kx.size))
    for turn in np.deg2rad(angle) + np.pi * np.arange(lines) / lines:
        transform += 1 / (1 + (length * (np.cos(turn) * kx + np.sin(turn) * ky)) ** 2)
    spectrum = rfft2(image, sides) * (1 - share + share / lines * transform)
    return np.asarray(irfft2(spectrum, sides)[: image.shape[0], : image.shape[1]])
