"""A spiral galaxy: an exponential disc with arms, and a bulge.

Arms have no light in the mean around the disc: disc and bulge are Sersic profiles in Fourier space,
and the arms' part, of zero flux, is added there harmonic by harmonic (`arms.py`).
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Complexes, Floats, Parameters
from skybench.generators.declaration import derived, parameter
from skybench.generators.distributions import choice, log_uniform, uniform
from skybench.generators.sky import arms, asymmetry, components, fourier, sersic_profile
from skybench.generators.sky.components import Spots
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import BLUE, SkyObject, Smooth
from skybench.generators.sky.stamps import Sources, Stamps, reach
from skybench.generators.variable import POSITIVE, Interval, OneOf

_WRAPPED = 2e-3
"""Share of the flux of disc or bulge that may wrap around the grid."""

_PSF_WINGS = 2.0
"""FWHM that are left for the wings of the PSF: farther out, what wraps is too faint to see."""


class Spiral(SkyObject):
    """Spiral galaxy: exponential disc with Ringermacher-Mead arms, and a bulge."""

    code = 3
    formula = "disc (n = 1) with arms along phi(r) = 2N arctan(exp(A / r) / B), and a Sersic bulge"
    reference = "Ringermacher & Mead (2009), MNRAS 397, 164, equation 1"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = "Spiral(flux=1e5, half_light_radius=10, seed=3).render((64, 64))"
    colour = BLUE
    smooth = Smooth(changes={"arm_contrast": 0.0})

    flux: float = parameter(default=log_uniform(1e4, 1e5))
    half_light_radius: float = parameter(default=uniform(4, 8))
    axis_ratio: float = parameter(default=uniform(0.5, 1))
    position_angle: float = parameter(default=uniform(0, 180))
    bulge_fraction: float = parameter(default=uniform(0.05, 0.3))
    bulge_radius_ratio: float = parameter(default=uniform(0.15, 0.3))
    bulge_sersic_index: float = parameter(default=2)
    arm_count: float = parameter(
        "number of spiral arms",
        units=None,
        domain=OneOf(values=tuple(range(1, 9))),
        after="bulge_sersic_index",
        default=2,
    )
    arm_winding = derived(
        "winding N of the arms (Ringermacher & Mead 2009)", units=None, domain=POSITIVE
    )
    arm_bulge_ratio: float = parameter(
        "bar-to-arm parameter B of the arms",
        units=None,
        domain=Interval(0.01, 100),
        default=uniform(0.8, 1.2),
    )
    arm_radius_ratio: float = parameter(
        "scale A of the arms over the half-light radius",
        units=None,
        domain=Interval(0.01, 10),
        default=1,
    )
    pitch_angle: float = parameter(
        "pitch of the arms at the half-light radius",
        units="degree",
        domain=Interval(0, 90, open_low=True, open_high=True),
        default=uniform(15, 35),
    )
    arm_angle: float = parameter(
        "rotation of the arms within the disc", units="degree", default=uniform(0, 360)
    )
    arm_handedness: float = parameter(
        "+1: arms turn counter-clockwise outwards, -1: clockwise",
        units=None,
        domain=OneOf(values=(-1, 1)),
        default=choice(-1, 1),
    )
    arm_contrast: float = parameter(
        "depth of the arms: 0 smooth, 1 dark between",
        units=None,
        domain=Interval(0, 1),
        default=uniform(0.7, 1),
    )
    arm_sharpness: float = parameter(
        "narrowness of the arms", units=None, domain=Interval(0, 20, open_low=True), default=2
    )
    lopsidedness: float = asymmetry.lopsidedness()
    lopsidedness_angle: float = asymmetry.lopsidedness_angle()
    raggedness: float = asymmetry.raggedness()
    ragged_seed: float = asymmetry.ragged_seed()

    @staticmethod
    def derive(parameters: Parameters) -> Parameters:
        """Return the winding that gives the arms their pitch."""
        shape = parameters["arm_bulge_ratio"], parameters["arm_radius_ratio"]
        return {"arm_winding": arms.winding_of(parameters["pitch_angle"], *shape)}

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of spiral galaxies."""
        waves = arms.uneven_arms(sources, arms.long_arms(sources))
        yield from draw_with(waves, sources, shape)


def draw_with(
    waves: arms.Waves, sources: Sources, shape: tuple[int, int], spots: Spots | None = None
) -> Iterator[Stamps]:
    """Yield the stamps of disc galaxies with a bulge, whose discs have the patterns.

    ``waves`` move the light of the discs around, without any in the mean, ring by ring; ``spots``
    are what else lies on them.
    """
    size, ones = sources["half_light_radius"], np.ones_like(sources["flux"])
    bulge_size = size * sources["bulge_radius_ratio"]
    disc, disc_edge = _taper(sources, size, ones, shape)
    bulge, bulge_edge = _taper(sources, bulge_size, sources["bulge_sersic_index"], shape)
    blurred = sources["psf_fwhm"] > 0
    amount = sources["flux"] * (1 - sources["bulge_fraction"])
    dark, room = np.maximum(disc_edge, bulge_edge), _PSF_WINGS * sources["psf_fwhm"]
    every = sources | {
        "_disc_step": disc,
        "_bulge_step": bulge,
        "_disc_flux": amount,
        "_bulge_flux": np.where(blurred, sources["flux"] * sources["bulge_fraction"], 0.0),
        "_dark": dark,
        "_wings": room,
    }
    every |= arms.planned(sources, waves, amount, fourier.highest(sources, dark, shape, room))
    # The transform of what is the same after half a turn is real.
    symmetric = (waves.number % 2 == 0).all(axis=1) & (spots is None)
    if spots is not None:
        every["_spots"] = np.stack(spots, axis=2)
    keys = np.column_stack([symmetric, every["_tables"], disc, bulge])
    for key in np.unique(keys, axis=0):
        members = np.flatnonzero((keys == key).all(axis=1))
        some = {name: values[members] for name, values in every.items()}
        spectrum = partial(_spectrum, bool(key[0]))
        for stamps in fourier.draw(
            some, some["_dark"], shape, spectrum, wings=some["_wings"], centred=True
        ):
            yield stamps._replace(members=members[stamps.members])
    yield from _sharp_bulges(sources, np.flatnonzero(~blurred), shape)


def _taper(
    sources: Sources, size: Floats, index: Floats, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], Floats]:
    """Return the step of the taper, if any, and the radius beyond which the profile is dark.

    Only a profile far larger than the image is tapered, outside what is visible.
    """
    distinct, which = np.unique(index, return_inverse=True)
    dark = size * sersic_profile.enclosing_radius(distinct, _WRAPPED)[which]
    far = np.hypot(*reach(sources, shape)) + 2 * sources["psf_fwhm"]
    step = sersic_profile.taper_step(far / (sources["axis_ratio"] * size))
    outer = sersic_profile.TAPER * sersic_profile.taper_radius(step) * size
    return np.where(outer < dark, step, sersic_profile.UNTAPERED), np.minimum(outer, dark)


def _sharp_bulges(
    sources: Sources, members: NDArray[np.intp], shape: tuple[int, int]
) -> Iterator[Stamps]:
    """Yield the bulges without PSF as the galaxies they are: those are exact at the cusp."""
    bulges = {name: values[members] for name, values in sources.items()}
    bulges["flux"] = bulges["flux"] * bulges["bulge_fraction"]
    bulges["half_light_radius"] = bulges["half_light_radius"] * bulges["bulge_radius_ratio"]
    bulges["sersic_index"] = bulges["bulge_sersic_index"]
    for stamps in Sersic.draw(bulges, shape):
        yield stamps._replace(members=members[stamps.members])


def _spectrum(
    real: bool, sources: Sources, on: fourier.Grid, x: Floats, y: Floats
) -> Floats | Complexes:
    light = arms.transform(sources, on, real=real)
    if "_spots" in sources:
        components.add(Spots(*np.moveaxis(sources["_spots"], 2, 0)), on, light)
    return light
