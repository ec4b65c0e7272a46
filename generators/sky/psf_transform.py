"""Point-spread functions known by their transform: of turbulence, of a mirror, of an image.

What is drawn under a Gaussian G can be seen through any PSF P that is wider: the transform of the
image is multiplied by that of P over that of G. So a scene is drawn on pixels s times finer, with
a margin about it, under a Gaussian of two fine pixels; its transform becomes that of the scene
under P and the image's own pixels, and each s-th value along an axis is a pixel of the image. The
Gaussian, not the pixels, limits the frequencies of what is drawn, and s is the smallest factor at
which P has next to no power where they fold.

Transforms hold the response of the pixel: they are those of the effective PSF (Anderson & King
2000, PASP 112, 1360). The optical ones, k being the frequency in radians a pixel:

- Turbulence (Fried 1966, J. Opt. Soc. Am. 56, 1372): exp(-3.442 (k / (2 pi f))^(5/3)), f = r0 /
  lambda, FWHM = 0.97586 / f.
- A round mirror with a central obscuration (O'Neill 1956, J. Opt. Soc. Am. 46, 285): the overlap of
  two rings whose centres are k / pi apart in units of the radius, times lambda / D.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.optimize import brentq
from scipy.special import j1
from typing_extensions import override

from skybench.errors import ParameterError
from skybench.generators.arrays import Complexes, Floats
from skybench.generators.sky.moffat import GAUSSIAN

NARROW = 2.0
"""FWHM of the Gaussian that scenes are drawn under, in fine pixels."""

_FINEST = 12
"""Fine pixels along a side of a pixel, at most."""

_SEEN = 1e-4
"""Power that may fold or be cut off, over all power: the error over the peak of a star."""

_STEP, _LARGEST = 16, 8192
"""Margins are multiples of it; pixels along the side of a fine image."""

_BLOCK = 1 << 21
"""Fine pixels that are drawn at a time: 16 MB."""

KOLMOGOROV, AIRY = 1, 2
"""Codes of ``psf_profile``; without it PSFs are Moffats."""

TRANSFORMED = {"kolmogorov": KOLMOGOROV, "airy": AIRY}
"""Profiles that are drawn by their transform, and their codes."""

PROFILES = {
    "moffat": None,
    "gaussian": GAUSSIAN,
    # The Moffat nearest to turbulence (Trujillo et al. 2001, MNRAS 328, 977).
    "kolmogorov": 4.765,
    "airy": GAUSSIAN,
}
"""Profiles of PSFs, and the ``psf_beta`` of those that have none of their own."""

SHARPEST = 0.8
"""Pixels of FWHM below which a scene would be drawn too finely."""

_IMAGE = ("psf_image", "psf_y", "psf_x")

_OWN = ("psf_profile", "psf_obscuration", *_IMAGE)

_EXPONENT, _TURBULENCE, _KOLMOGOROV_FWHM = 5 / 3, 3.4418, 0.9758634299


class Draw(Protocol):
    """What draws scenes."""

    def __call__(self, parameters: xr.Dataset, shape: tuple[int, int], *, scale: int) -> Floats:
        """Return images of the shape, (sample, y, x), all lengths being times the scale."""


class PsfTransform(Protocol):
    """A PSF by its transform."""

    @property
    def reach(self) -> float:
        """Pixels beyond which its light does not matter."""

    def transform(self, kx: Floats, ky: Floats) -> Floats | Complexes:
        """Return (ky, kx) the transform, 1 at 0, with the pixel's; frequencies in rad a pixel."""


class _Round(ABC):
    """A PSF that is alike in all directions."""

    @abstractmethod
    def optical(self, k: Floats) -> Floats:
        """Return the transform without the pixel's."""

    def transform(self, kx: Floats, ky: Floats) -> Floats:
        """Return (ky, kx) the transform, with the pixel's."""
        return np.asarray(self.optical(np.hypot(kx, ky[:, None])) * _pixel(kx, ky))


@dataclass(frozen=True, kw_only=True)
class Kolmogorov(_Round):
    """The PSF of turbulent air in a long exposure.

    Parameters
    ----------
    fwhm : float
        Pixels.
    """

    fwhm: float

    @property
    def reach(self) -> float:
        """Twelve times the FWHM, outside which lie 5e-4 of the light."""
        return 12 * self.fwhm

    @override
    def optical(self, k: Floats) -> Floats:
        air = k * (self.fwhm / _KOLMOGOROV_FWHM / (2 * np.pi))
        return np.asarray(np.exp(-_TURBULENCE * air**_EXPONENT))


@dataclass(frozen=True, kw_only=True)
class Airy(_Round):
    """The PSF of a round mirror in space.

    Parameters
    ----------
    fwhm : float
        Pixels; 1.029 lambda / D of a mirror without obscuration.
    obscuration : float
        Diameter of what stands before the mirror over the mirror's own; 0 to 0.9.
    """

    fwhm: float
    obscuration: float = 0.0

    @property
    def reach(self) -> float:
        """Thirty times the FWHM: rings fall as the third power of the radius."""
        return 30 * self.fwhm

    @override
    def optical(self, k: Floats) -> Floats:
        apart = k * (self.fwhm / _airy_fwhm(self.obscuration) / np.pi)
        inner = self.obscuration
        seen = _overlap(apart, 1.0)
        if inner:
            seen += inner**2 * _overlap(apart / inner, 1.0) - 2 * _overlap(apart, inner)
        return np.asarray(seen / (1 - inner**2))


class PsfImage:
    """The PSF that an image shows: a star's, or a model's.

    Between the image's pixels it is what they determine, of frequencies that they sample.

    Parameters
    ----------
    array : (y, x) array
        Its light about the middle of the array; scaled to a sum of 1.
    oversampling : float
        Pixels of the array along a pixel of the images that are seen through it.
    has_pixel : bool
        Whether it holds the response of the images' pixels, as what is measured on stars does.

    Raises
    ------
    ParameterError
        It has other than two dimensions, a value that is not finite, or no light.
    """

    def __init__(
        self, array: ArrayLike, oversampling: float = 1.0, *, has_pixel: bool = True
    ) -> None:
        values = np.asarray(array, dtype=np.float64)
        if values.ndim != 2 or not values.size:
            msg = f"a PSF image has two dimensions, (y, x), got shape {values.shape}."
            raise ParameterError(msg)
        if not np.isfinite(values).all() or not values.sum() > 0:
            msg = f"a PSF image must be finite and of positive sum, got a sum of {values.sum():g}."
            raise ParameterError(msg)
        if not oversampling > 0:
            msg = f"oversampling must be above 0, got {oversampling:g}."
            raise ParameterError(msg)
        self.array: Floats = values / values.sum()
        self.oversampling, self.has_pixel = float(oversampling), has_pixel

    @property
    def reach(self) -> float:
        """Half of the longer side, in pixels of images."""
        return float(max(self.array.shape) / 2 / self.oversampling)

    def transform(self, kx: Floats, ky: Floats) -> Complexes:
        """Return (ky, kx) the transform, with the pixel's; 0 where the array does not sample it."""
        up, along = (
            _waves((k / self.oversampling).tobytes(), length)
            for k, length in zip((ky, kx), self.array.shape, strict=True)
        )
        few = up.shape[0] < along.shape[0]
        found = (up @ self.array) @ along.T if few else up @ (self.array @ along.T)
        return np.asarray(found if self.has_pixel else found * _pixel(kx, ky))


# Images of a PSF that varies over a frame share them; scenes of 8192 pixels make each 10 MB.
@lru_cache(maxsize=8)
def _waves(frequencies: bytes, length: int) -> Complexes:
    """Return (k, place) the waves of frequencies over the pixels of an array."""
    k, places = np.frombuffer(frequencies), np.arange(length) - (length - 1) / 2
    return np.asarray(np.exp(-1j * k[:, None] * places) * (np.abs(k) <= np.pi)[:, None])


def _pixel(kx: Floats, ky: Floats) -> Floats:
    """Return the transform of a pixel of unit side."""
    return np.asarray(np.sinc(kx / (2 * np.pi)) * np.sinc(ky / (2 * np.pi))[:, None])


def _overlap(apart: Floats, radius: float) -> Floats:
    """Return the area that a disc of radius 1 shares with a smaller one, over that of the first."""
    inside = np.pi * radius**2 * (apart <= 1 - radius)
    across = np.flatnonzero((apart > 1 - radius) & (apart < 1 + radius))
    d = apart.ravel()[across]
    one = np.clip((d**2 + 1 - radius**2) / (2 * d), -1, 1)
    other = np.clip((d**2 + radius**2 - 1) / (2 * d * radius), -1, 1)
    # Each segment is a sector less a triangle.
    area = np.arccos(one) - one * np.sqrt(1 - one**2)
    area += radius**2 * (np.arccos(other) - other * np.sqrt(1 - other**2))
    shared = np.asarray(inside, dtype=np.float64)
    shared.ravel()[across] = area
    return shared / np.pi


@lru_cache(maxsize=64)
def _airy_fwhm(obscuration: float) -> float:
    """Return the FWHM of a mirror's PSF in lambda / D."""

    def below_half(radius: float) -> float:
        x = np.pi * radius
        ring = 2 * j1(x) / x - obscuration * 2 * j1(obscuration * x) / x
        return float((ring / (1 - obscuration**2)) ** 2 - 0.5)

    return 2 * float(brentq(below_half, 0.1, 0.7))


def are_in(parameters: xr.Dataset) -> bool:
    """Tell whether the samples were seen through a PSF that is known by its transform."""
    return "psf_profile" in parameters or _IMAGE[0] in parameters


def spread(parameters: xr.Dataset, shape: tuple[int, int], draw: Draw) -> Floats:
    """Return images seen through the PSFs that the coordinates tell; see `under`."""
    if _IMAGE[0] in parameters:
        return under(_stored(parameters), parameters, shape, draw)
    inner = parameters.get("psf_obscuration", xr.zeros_like(parameters["psf_fwhm"]))
    told = parameters["psf_profile"], parameters["psf_fwhm"], inner
    each = zip(*(values.values.tolist() for values in told), strict=True)
    return under([_optical(*one) for one in each], parameters, shape, draw)


def _stored(parameters: xr.Dataset) -> PsfImage:
    """Return the PSF whose image the coordinates hold."""
    image, _, across = (parameters[name].values.astype(np.float64) for name in _IMAGE)
    return PsfImage(image, (across.size - 1) / (across[-1] - across[0]))


def _optical(profile: int, fwhm: float, obscuration: float) -> Kolmogorov | Airy:
    if profile == KOLMOGOROV:
        return Kolmogorov(fwhm=fwhm)
    return Airy(fwhm=fwhm, obscuration=obscuration)


class _Plan(NamedTuple):
    """How finely a scene is drawn under a PSF, and the margin about the image in pixels."""

    scale: int
    margin: int


def under(
    psf: PsfTransform | Sequence[PsfTransform],
    parameters: xr.Dataset,
    shape: tuple[int, int],
    draw: Draw,
) -> Floats:
    """Return images seen through PSFs, (sample, y, x), nowhere negative.

    Parameters
    ----------
    psf : PsfTransform or sequence
        One for all samples, or one for each.
    parameters : xr.Dataset
        Of the samples; what it says of the PSF is not read.
    shape : (ny, nx)
    draw : callable
        Such as ``partial(light, objects=SKY_OBJECTS.values())``.

    Notes
    -----
    To 2e-4 of the peak where the FWHM is 1 pixel or more, from how GalSim draws the same.
    """
    samples = parameters.sizes["sample"]
    each = list(psf) if isinstance(psf, Sequence) else [psf] * samples
    images = np.empty((samples, *shape))
    known = {id(one): _planned(one, shape) for one in each}
    plans = [known[id(one)] for one in each]
    for plan in sorted(set(plans)):
        members = [i for i, own in enumerate(plans) if own == plan]
        last: PsfTransform | None = None
        ratio: Floats | Complexes
        for some in _blocks(members, plan, shape):
            scenes = _scenes(parameters.isel(sample=some), shape, plan, draw)
            for i, scene in zip(some, scenes, strict=True):
                if each[i] is not last:
                    last, ratio = each[i], _ratio(each[i], plan, scene.shape)
                images[i] = _seen(scene, ratio, plan)[: shape[0], : shape[1]]
    return np.maximum(images, 0, out=images)


def _blocks(members: list[int], plan: _Plan, shape: tuple[int, int]) -> Iterator[list[int]]:
    ny, nx = _sides(shape, plan)
    step = max(1, _BLOCK // (ny * nx * plan.scale**2))
    for first in range(0, len(members), step):
        yield members[first : first + step]


def _sides(shape: tuple[int, int], plan: _Plan) -> tuple[int, int]:
    """Return the sides of image and margins, in pixels of the image."""
    ny, nx = (int(next_fast_len(length + 2 * plan.margin, real=True)) for length in shape)
    return ny, nx


def _scenes(parameters: xr.Dataset, shape: tuple[int, int], plan: _Plan, draw: Draw) -> Floats:
    """Return fine images of what lies on the image and its margins."""
    told = [name for name in parameters.variables if name in _OWN or str(name).startswith("spike_")]
    plain = parameters.drop_vars(told)
    placed = {n: plain[n] + plan.margin for n in ("source_x", "source_y")}
    rows = np.ones(parameters.sizes["sample"])
    optics = {"psf_fwhm": ("sample", NARROW * rows), "psf_beta": ("sample", GAUSSIAN * rows)}
    ny, nx = (plan.scale * side for side in _sides(shape, plan))
    return draw(plain.assign_coords(placed | optics), (ny, nx), scale=plan.scale)


def _ratio(psf: PsfTransform, plan: _Plan, shape: tuple[int, int]) -> Floats | Complexes:
    """Return the transform of a PSF and its pixels over that of the Gaussian and fine pixels."""
    ky, kx = _frequencies(shape)
    seen = psf.transform(plan.scale * kx, plan.scale * ky)
    seen *= _undone(shape)
    return seen


@lru_cache(maxsize=2)
def _undone(shape: tuple[int, int]) -> Floats:
    """Return 1 over the transform of the Gaussian and the fine pixels, which scenes have."""
    ky, kx = _frequencies(shape)
    return np.asarray(1 / (_gaussian(ky)[:, None] * _gaussian(kx) * _pixel(kx, ky)))


def _frequencies(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return those along y and along x of a fine image, radians a fine pixel."""
    turn, (ny, nx) = 2 * np.pi, shape
    ky, kx = (np.asarray(turn * f, np.float64) for f in (np.fft.fftfreq(ny), np.fft.rfftfreq(nx)))
    return ky, kx


def _seen(scene: Floats, ratio: Floats | Complexes, plan: _Plan) -> Floats:
    """Return the image that a fine scene under the Gaussian is, seen through a PSF."""
    spectrum = rfft2(scene)
    spectrum *= ratio
    whole = irfft2(spectrum, scene.shape, overwrite_x=True)
    first = plan.scale * plan.margin
    # Fine pixels do not add up to a pixel: each has the light that a whole pixel has, over s^2.
    return np.asarray(whole[first :: plan.scale, first :: plan.scale] * plan.scale**2)


def _gaussian(k: Floats) -> Floats:
    sigma = NARROW / np.sqrt(8 * np.log(2))
    return np.asarray(np.exp(-((sigma * k) ** 2) / 2))


def _planned(psf: PsfTransform, shape: tuple[int, int]) -> _Plan:
    scale = _scale(psf)
    most = max(_LARGEST // scale - max(shape), 0) // 2
    return _Plan(scale, min(_STEP * int(np.ceil(psf.reach / _STEP)), most))


def _scale(psf: PsfTransform) -> int:
    """Return the least scale at which little of a PSF's power folds or is cut off."""
    k = np.asarray(np.linspace(0, np.pi * _FINEST, 60 * _FINEST + 1), np.float64)
    alone = np.zeros(1)
    power = k * np.maximum(
        np.abs(psf.transform(k, alone)[0]), np.abs(psf.transform(alone, k)[:, 0])
    )
    for scale in range(1, _FINEST):
        there = k < np.pi * scale
        fine = k[there] / scale
        folded = _gaussian(2 * np.pi - fine) / _gaussian(fine)
        lost = power[~there].sum() + (power[there] * folded).sum()
        if lost <= _SEEN * power.sum():
            return scale
    return _FINEST
