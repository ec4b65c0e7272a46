"""Single objects of the sky: one star or galaxy as a value that can be drawn."""

from dataclasses import dataclass
from typing import ClassVar

import xarray as xr

from skybench.generators.distributions import Constant
from skybench.generators.schema import variable
from skybench.generators.single_object import SingleObject, checked, scalars
from skybench.generators.sky import galaxy, spiral, star
from skybench.generators.sky.noise import observe
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.recipe import Noise
from skybench.generators.sky.scene import expected


@dataclass(frozen=True, kw_only=True)
class SkyObject(SingleObject):
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
    names = SingleObject.names | {"fwhm": "psf_fwhm", "beta": "psf_beta"}

    fwhm: float = 3.0
    beta: float = 3.0

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
        return self._labelled(expected(dataset, shape)[0], shape, "electron")

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
            name: checked(name, value)
            for name, value in (("sky_level", sky_level), ("read_noise", read_noise))
        }
        constants = {name: Constant(value=value) for name, value in levels.items()}
        noise = Noise(sky_level=constants["sky_level"], read_noise=constants["read_noise"])
        own = {name: variable(name, [value]) for name, value in levels.items()}
        own["sample_id"] = variable("sample_id", [0])
        dataset = self._dataset(shape).assign_coords(own)
        image = observe(expected(dataset, shape), dataset, noise, noise_seed)[0]
        return self._labelled(image, shape, "electron").assign_coords(scalars(levels))


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
