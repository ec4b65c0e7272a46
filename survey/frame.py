"""A frame of a survey: pixels in one band or several, what they weigh, and how to read them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Singles
from skybench.survey.psf import FramePsf, as_psf

if TYPE_CHECKING:
    from astropy.wcs import WCS

UNNAMED = "image"
"""The band of a frame that does not name its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """An exposure or a coadd that sources can be injected into.

    Make one by `Frame.of`, which checks it, or by `skybench.survey.reading.read_frame`.

    Attributes
    ----------
    image, ivar : (band, y, x) float32 array
        Counts, and their inverse variance: 0 where a pixel is not to be used.
    mask : (band, y, x) int32 array
        Bits of what is wrong with a pixel; 0 is nothing.
    psf : tuple of FramePsf
    bands : tuple of str
    zeropoint, gain : (band,) float64 array
        AB magnitude of one count, and electrons a count.
    units : str
        Of the counts.
    name : str
        By which its places and noise are drawn, and datasets know it.
    wcs : astropy.wcs.WCS, optional
    pixel_scale_arcsec : float, optional
        Side of a pixel; that of the WCS where there is one.
    sha256 : str
        Of the files it is from, or of its values.
    """

    image: Singles
    ivar: Singles
    mask: NDArray[np.int32]
    psf: tuple[FramePsf, ...]
    bands: tuple[str, ...]
    zeropoint: Floats
    gain: Floats
    units: str = "adu"
    name: str = "frame"
    wcs: "WCS | None" = None
    pixel_scale_arcsec: float | None = None
    sha256: str = field(default="")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.image.shape[1], self.image.shape[2]

    @property
    def is_usable(self) -> NDArray[np.bool_]:
        """Where no band is masked or without weight, (y, x)."""
        return np.asarray(((self.mask == 0) & (self.ivar > 0)).all(axis=0))

    @property
    def electron_zeropoint(self) -> Floats:
        """AB magnitude of one electron in each band."""
        return self.zeropoint + 2.5 * np.log10(self.gain)

    @classmethod
    def of(
        cls,
        image: ArrayLike,
        *,
        ivar: ArrayLike | None = None,
        variance: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        psf: object = None,
        zeropoint: ArrayLike | None = None,
        gain: ArrayLike | None = None,
        bands: Sequence[str] = (UNNAMED,),
        units: str = "adu",
        name: str = "frame",
        wcs: "WCS | None" = None,
        pixel_scale_arcsec: float | None = None,
        digest: str | None = None,
    ) -> Self:
        """Return a frame of arrays.

        Parameters
        ----------
        image, ivar, variance, mask : ([band,] y, x) array
            Counts, their inverse variance or else their variance, and bits; a pixel without
            weight may have any value.
        psf : FramePsf, float, (fwhm, beta), (y, x) array, path, or a list of those
            One for all bands, or a list with one for each; see `as_psf`.
        zeropoint, gain : float or (band,) sequence
            AB magnitude of one count, and electrons a count.
        bands : sequence of str
        units, name, wcs, pixel_scale_arcsec
            As the frame has them.
        digest : str, optional
            SHA-256 of its files. Default: of its values.

        Raises
        ------
        ParameterError
            Shapes disagree, a pixel with weight is no number, all pixels are masked, or something
            is missing.
        """
        bands = (bands,) if isinstance(bands, str) else tuple(bands)
        pixels = _planes("image", image, None, np.float32)
        if len(pixels) != len(bands):
            msg = f"{name}: image has {len(pixels)} planes, and bands are {', '.join(bands)}."
            raise ParameterError(msg)
        weights = _weights(ivar, variance, pixels.shape, name)
        masked = np.zeros(pixels.shape, np.int32)
        if mask is not None:
            masked = _planes("mask", mask, pixels.shape, np.int32)
        digest = digest or _digest(pixels, weights, masked)
        scale = pixel_scale_arcsec if wcs is None else _scale_of(wcs)
        made = cls(
            image=_without_unweighted(pixels, weights, name),
            ivar=weights,
            mask=masked,
            psf=_psfs(psf, bands, name),
            bands=bands,
            zeropoint=_number_a_band("zeropoint", zeropoint, bands, name),
            gain=_number_a_band("gain", gain, bands, name),
            units=units,
            name=_word(name),
            wcs=wcs,
            pixel_scale_arcsec=scale,
            sha256=digest,
        )
        made._check()
        return made

    def _check(self) -> None:
        if not (self.gain > 0).all():
            msg = f"{self.name}: gain must be above 0 electrons a count, got {self.gain.tolist()}."
            raise ParameterError(msg)
        if not self.is_usable.any():
            msg = f"{self.name}: every pixel is masked or has no weight in some band."
            raise ParameterError(msg)
        if self.pixel_scale_arcsec is not None and not self.pixel_scale_arcsec > 0:
            msg = f"{self.name}: pixel_scale_arcsec must be above 0, got {self.pixel_scale_arcsec}."
            raise ParameterError(msg)

    def pixels_of(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Return x and y of places on the sky, in degrees.

        Raises
        ------
        ParameterError
            The frame has no WCS.
        """
        x, y = self._needed_wcs().all_world2pix(ra, dec, 0, quiet=True)
        return np.asarray(x, np.float64), np.asarray(y, np.float64)

    def sky_of(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return right ascension and declination of pixels, in degrees; raises as `pixels_of`."""
        ra, dec = self._needed_wcs().all_pix2world(x, y, 0)
        return np.asarray(ra, np.float64), np.asarray(dec, np.float64)

    @property
    def north(self) -> tuple[float, float]:
        """Direction of north, degrees counter-clockwise from +x, and 1 or -1.

        By 1 angles grow from north to east as they do from +x, as on the sky; by -1 the frame is
        mirrored.

        Raises
        ------
        ParameterError
            The frame has no WCS.
        """
        # Columns are the steps on the pixels towards east and north.
        steps = np.linalg.inv(self._needed_wcs().celestial.pixel_scale_matrix)
        (east_x, north_x), (east_y, north_y) = steps.tolist()
        turn = north_x * east_y - north_y * east_x
        return float(np.degrees(np.arctan2(north_y, north_x))), float(np.sign(turn))

    def _needed_wcs(self) -> Any:
        if self.wcs is None:
            msg = (
                f"{self.name} has no WCS, so ra and dec are nowhere on it, and north is nowhere; "
                "give one, or places in pixels as x and y, and angles as position_angle."
            )
            raise ParameterError(msg)
        return self.wcs


def _planes(
    name: str, values: ArrayLike, shape: tuple[int, ...] | None, dtype: type[np.generic]
) -> NDArray[Any]:
    """Return values as a (band, y, x) array of a dtype, native and contiguous."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" or array.ndim not in (2, 3) or not array.size:
        msg = f"{name} must be numbers as (y, x) or (band, y, x), got {array.dtype}{array.shape}."
        raise ParameterError(msg)
    array = array if array.ndim == 3 else array[None]
    if shape is not None and array.shape[1:] == shape[1:] and len(array) == 1:
        array = np.broadcast_to(array, shape)
    if shape is not None and array.shape != shape:
        msg = f"{name} has shape {array.shape}, and image {shape}; they must be of the same pixels."
        raise ParameterError(msg)
    return np.ascontiguousarray(array, dtype=dtype)


def _weights(
    ivar: ArrayLike | None, variance: ArrayLike | None, shape: tuple[int, ...], name: str
) -> Singles:
    if (ivar is None) == (variance is None):
        msg = f"{name}: give ivar or variance, one of the two."
        raise ParameterError(msg)
    if ivar is None:
        values = _planes("variance", variance, shape, np.float64)  # type: ignore[arg-type]
        usable = np.isfinite(values) & (values > 0)
        weights = np.divide(1.0, values, out=np.zeros(shape), where=usable).astype(np.float32)
    else:
        weights = _planes("ivar", ivar, shape, np.float32)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        msg = f"{name}: ivar must be 0 or more, and a number; set it to 0 where pixels are bad."
        raise ParameterError(msg)
    return np.asarray(weights)


def _without_unweighted(pixels: Singles, weights: Singles, name: str) -> Singles:
    """Return the image with 0 for what is no number, where it has no weight."""
    wrong = ~np.isfinite(pixels)
    if (wrong & (weights > 0)).any():
        band, y, x = np.argwhere(wrong & (weights > 0))[0].tolist()
        msg = (
            f"{name}: pixel x {x}, y {y} of plane {band} is {pixels[band, y, x]}, but has weight; "
            "set ivar to 0 where pixels have no value."
        )
        raise ParameterError(msg)
    return np.where(wrong, np.float32(0), pixels) if wrong.any() else pixels


def _psfs(given: object, bands: tuple[str, ...], name: str) -> tuple[FramePsf, ...]:
    if given is None:
        msg = f"{name}: give the psf: a FWHM in pixels, an image, or a file of PSFEx."
        raise ParameterError(msg)
    each = given if isinstance(given, list) else [given] * len(bands)
    if len(each) != len(bands):
        msg = f"{name}: psf lists {len(each)}, and bands are {', '.join(bands)}."
        raise ParameterError(msg)
    return tuple(map(as_psf, each))


def _number_a_band(key: str, given: ArrayLike | None, bands: tuple[str, ...], name: str) -> Floats:
    meanings = {"zeropoint": "the AB magnitude of one count", "gain": "electrons a count"}
    numbers = np.asarray(np.nan if given is None else given)
    is_numeric = numbers.dtype.kind in "fiu"
    values = numbers.astype(np.float64) if is_numeric else np.array(np.nan)
    if values.ndim > 1 or values.size not in (1, len(bands)) or not np.isfinite(values).all():
        msg = (
            f"{name}: {key} must be {meanings[key]}, one for all bands or one each, got {given!r}."
        )
        raise ParameterError(msg)
    return np.array(np.broadcast_to(values.ravel(), (len(bands),)))


def _scale_of(wcs: Any) -> float:
    from astropy.wcs.utils import proj_plane_pixel_area  # late: it takes a while

    return float(np.sqrt(proj_plane_pixel_area(wcs.celestial)) * 3600)


def _word(name: str) -> str:
    """Return a name without spaces: codes of frames have names that are words."""
    return "_".join(name.split()) or "frame"


def _digest(*arrays: NDArray[Any]) -> str:
    digest = sha256()
    for array in arrays:
        digest.update(str((array.shape, array.dtype.str)).encode() + array.tobytes())
    return f"sha256:{digest.hexdigest()}"
