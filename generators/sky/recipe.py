"""Recipes of sky images: optics and noise beside the sources."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from skybench.generators.distributions import Constant, Distribution, Finite, Positive
from skybench.generators.profiles import Profile
from skybench.generators.recipe import Condition, Name, Part, SourceSpec
from skybench.generators.scene_recipe import ImageSpec, SceneRecipe
from skybench.generators.sky.catalogue import PROFILES


class SkyImage(ImageSpec):
    """The pixel grid: shape as [ny, nx], the scale of a pixel, the zero point of magnitudes."""

    pixel_scale_arcsec: Positive
    zeropoint: Finite = 25.0


class Psf(Part):
    """The point-spread function, a Moffat; a fwhm of 0 switches it off."""

    fwhm: Distribution
    beta: Distribution = Constant(value=3.0)


class Noise(Part):
    """Noise, in the order that a camera adds it.

    ``shot`` switches the Poisson noise of source and sky; a ``read_noise`` of 0 switches
    that off; ``scale`` multiplies the departure of the image from its expectation.
    """

    sky_level: Distribution
    read_noise: Distribution
    shot: bool = True
    scale: Annotated[Finite, Field(ge=0, le=100)] = 1.0


class SkySource(SourceSpec):
    """A source on the sky: its profile and the distributions of its parameters."""

    profiles: ClassVar[Mapping[str, Profile]] = PROFILES


class SkyRecipe(SceneRecipe):
    """A dataset of sky images."""

    family: Literal["sky"] = "sky"
    image: SkyImage
    psf: Psf
    noise: Noise
    sources: Annotated[dict[Name, SkySource], Field(min_length=1)]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Optics and noise of a sample."""
        return (
            Condition("psf.fwhm", "psf_fwhm", self.psf.fwhm),
            Condition("psf.beta", "psf_beta", self.psf.beta),
            Condition("noise.sky_level", "sky_level", self.noise.sky_level),
            Condition("noise.read_noise", "read_noise", self.noise.read_noise),
        )

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """Scale, zero point, and which noise there is."""
        return {
            "pixel_scale_arcsec": self.image.pixel_scale_arcsec,
            "zeropoint": self.image.zeropoint,
            "shot_noise": str(self.noise.shot).lower(),
            "noise_scale": self.noise.scale,
        }
