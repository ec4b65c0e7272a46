"""Single objects: one star or galaxy as a value that can be drawn.

Parameters that are not given are drawn from the profile's default distributions by the
seed, once, when the object is made; they are then as visible as the given ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.distributions import Constant
from skybench.generators.random_streams import uniforms
from skybench.generators.recipe import evaluation_order
from skybench.generators.schema import VARIABLES, variable
from skybench.generators.sky import galaxy, spiral, star
from skybench.generators.sky.noise import observe
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.recipe import Noise
from skybench.generators.sky.scene import expected

_OPTICS = {"fwhm": "psf_fwhm", "beta": "psf_beta"}
_PLACE = {"x": "source_x", "y": "source_y"}


@dataclass(frozen=True, kw_only=True)
class SkyObject:
    """A source with its PSF and position; use one of the subclasses.

    Parameters
    ----------
    fwhm : float
        Full width at half maximum of the Moffat PSF in pixels, 0 for none.
    beta : float
        Moffat exponent, above 1.
    x, y : float, optional
        Position in pixels, (0, 0) the centre of the first one; the image's middle if absent.
    seed : int
        Draws the parameters that are not given.
    """

    profile: ClassVar[SkyProfile]

    fwhm: float = 3.0
    beta: float = 3.0
    x: float | None = None
    y: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what was given against its domain, then draw the rest."""
        for name in sorted({f.name for f in fields(self)} - {"seed"}):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _checked(name, value))
        for name, value in self._drawn().items():
            object.__setattr__(self, name, value)

    def _drawn(self) -> dict[str, float]:
        defaults = self.profile.defaults
        drawn: dict[str, np.ndarray] = {}
        for name in evaluation_order(defaults):
            given = getattr(self, name)
            uniform = uniforms(self.seed, f"object.{self.profile.name}.{name}", 0, 1)
            if given is None:
                drawn[name] = defaults[name].quantile(uniform, drawn)
            else:
                drawn[name] = np.array([given])
        return {name: float(values[0]) for name, values in drawn.items()}

    def parameters(self, shape: tuple[int, int]) -> dict[str, float]:
        """Return every parameter by its name in the schema, derived ones included."""
        middle = {"x": (shape[1] - 1) / 2, "y": (shape[0] - 1) / 2}
        place = {
            _PLACE[k]: middle[k] if getattr(self, k) is None else getattr(self, k) for k in "xy"
        }
        own = {name: np.array([getattr(self, name)]) for name in self.profile.defaults}
        own |= self.profile.derive(own)
        optics = {_OPTICS[k]: float(getattr(self, k)) for k in _OPTICS}
        return place | {n: float(v[0]) for n, v in own.items()} | optics

    def render(self, shape: tuple[int, int] = (28, 28)) -> xr.DataArray:
        """Return the noise-free image.

        Parameters
        ----------
        shape : (ny, nx)
            Pixels of the image.

        Returns
        -------
        (y, x) float64 DataArray, electrons
            Convolved with the PSF, integrated over pixels, the parameters as coordinates.

        Examples
        --------
        >>> image = Star(flux=1e4, fwhm=3.0).render((28, 28))
        >>> image.shape, float(image.flux)
        ((28, 28), 10000.0)
        """
        dataset = self._dataset(shape)
        return self._labelled(expected(dataset, shape)[0], shape)

    def observe(
        self,
        shape: tuple[int, int] = (28, 28),
        *,
        sky_level: float = 100.0,
        read_noise: float = 5.0,
        noise_seed: int = 0,
    ) -> xr.DataArray:
        """Return a noisy, sky-subtracted image.

        Parameters
        ----------
        shape : (ny, nx)
        sky_level : float
            Mean sky in electrons a pixel.
        read_noise : float
            Standard deviation in electrons; 0 for none.
        noise_seed : int
            Another seed, another realisation of the noise.

        Returns
        -------
        (y, x) int32 DataArray, electrons
        """
        levels = {
            name: _checked(name, value)
            for name, value in (("sky_level", sky_level), ("read_noise", read_noise))
        }
        constants = {name: Constant(value=value) for name, value in levels.items()}
        noise = Noise(sky_level=constants["sky_level"], read_noise=constants["read_noise"])
        own = {name: variable(name, [value]) for name, value in levels.items()}
        own["sample_id"] = variable("sample_id", [0])
        dataset = self._dataset(shape).assign_coords(own)
        image = observe(expected(dataset, shape), dataset, noise, noise_seed)[0]
        return self._labelled(image, shape).assign_coords(_scalars(levels))

    def _dataset(self, shape: tuple[int, int]) -> xr.Dataset:
        coordinates = {
            name: (dims, np.full((1,) * len(dims), value))
            for name, value in self.parameters(shape).items()
            for dims in (VARIABLES[name].dims,)
        }
        kind = variable("kind", [[self.profile.code]])
        return xr.Dataset(coords={"kind": kind, **coordinates})

    def _labelled(self, image: np.ndarray, shape: tuple[int, int]) -> xr.DataArray:
        coordinates = _scalars(self.parameters(shape))
        attributes = {"units": "electron", "long_name": self.profile.name}
        return xr.DataArray(image, dims=("y", "x"), coords=coordinates, attrs=attributes)


def _scalars(values: Mapping[str, float]) -> dict[str, xr.Variable]:
    return {n: xr.Variable((), value, VARIABLES[n].attributes()) for n, value in values.items()}


def _checked(name: str, value: object) -> float:
    domain = VARIABLES[{**_OPTICS, **_PLACE}.get(name, name)].domain
    number = _number(value)
    if not np.isfinite(number) or not domain.contains(number):
        got = repr(value) if np.isnan(number) else f"{number:g}"
        msg = f"{name} must be a finite number in {domain}, got {got}."
        raise ParameterError(msg)
    return number


def _number(value: object) -> float:
    """Return any number, xarray scalars included, as a float; NaN for what is none."""
    if isinstance(value, str | bytes | bool):
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan


@dataclass(frozen=True, kw_only=True)
class Star(SkyObject):
    """A point source, drawn as its PSF.

    Parameters
    ----------
    flux : float
        Total flux in electrons.

    References
    ----------
    Moffat (1969), A&A 3, 455.
    """

    profile = star.PROFILE

    flux: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sersic(SkyObject):
    """An elliptical galaxy with a Sersic profile.

    Parameters
    ----------
    flux : float
        Total flux in electrons, to infinity.
    half_light_radius : float
        Along the major axis, in pixels.
    sersic_index : float
        0.5 (Gaussian) to 6; 1 is exponential, 4 de Vaucouleurs.
    axis_ratio : float
        Minor over major axis, 0.05 to 1.
    position_angle : float
        Of the major axis in degrees, counter-clockwise from +x.

    References
    ----------
    Graham & Driver (2005), PASA 22, 118, equations 1 and 4.
    """

    profile = galaxy.PROFILE

    flux: float | None = None
    half_light_radius: float | None = None
    sersic_index: float | None = None
    axis_ratio: float | None = None
    position_angle: float | None = None


@dataclass(frozen=True, kw_only=True)
class Spiral(SkyObject):
    """A spiral galaxy: exponential disc, Ringermacher-Mead arms, bulge.

    Parameters
    ----------
    flux : float
        Total flux of disc and bulge in electrons.
    half_light_radius : float
        Of the disc, along its major axis, in pixels.
    axis_ratio, position_angle : float
        Of disc and bulge, as for `Sersic`.
    bulge_fraction : float
        Share of the flux in the bulge, 0 to 1.
    bulge_radius_ratio, bulge_sersic_index : float
        Half-light radius over that of the disc; Sersic index.
    arm_count : int
        Number of arms.
    pitch_angle : float
        Of the arms at the half-light radius, in degrees; the winding N follows from it.
    arm_bulge_ratio, arm_radius_ratio : float
        B and A (in half-light radii) of the formula.
    arm_angle : float
        Rotation of the arms within the disc in degrees.
    arm_handedness : {1, -1}
        1 if the arms turn counter-clockwise outwards.
    arm_contrast, arm_sharpness : float
        Depth, 0 to 1, and narrowness of the arms.

    References
    ----------
    Ringermacher & Mead (2009), MNRAS 397, 164, equation 1.
    """

    profile = spiral.PROFILE

    flux: float | None = None
    half_light_radius: float | None = None
    axis_ratio: float | None = None
    position_angle: float | None = None
    bulge_fraction: float | None = None
    bulge_radius_ratio: float | None = None
    bulge_sersic_index: float | None = None
    arm_count: float | None = None
    pitch_angle: float | None = None
    arm_bulge_ratio: float | None = None
    arm_radius_ratio: float | None = None
    arm_angle: float | None = None
    arm_handedness: float | None = None
    arm_contrast: float | None = None
    arm_sharpness: float | None = None
