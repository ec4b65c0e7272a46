"""A spiral galaxy: an exponential disc with arms, and a bulge.

Arms have no light in the mean around the disc. Hence disc and bulge are drawn as Sersic
profiles in Fourier space, and only the arms' part, of zero flux, is sampled, in windows fine
enough for every harmonic of the arms that the PSF lets through.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Complexes, Floats, Parameters
from skybench.generators.declaration import derived, parameter
from skybench.generators.distributions import choice, log_uniform, uniform
from skybench.generators.sky import arms, fourier, nested, sersic_profile
from skybench.generators.sky.sersic import Sersic, ellipse
from skybench.generators.sky.sky_object import BLUE, SkyObject
from skybench.generators.sky.stamps import Sources, Stamps, reach
from skybench.generators.variable import POSITIVE, Interval, OneOf

_WRAPPED = 2e-3
"""Share of the flux of disc or bulge that may wrap around the grid."""

_PSF_WINGS = 2.0
"""FWHM that are left for the wings of the PSF: farther out, what wraps is too faint to see."""


class Pattern(NamedTuple):
    """What moves the light of a disc around: without any in the mean, ring by ring.

    ``light`` is (galaxies shaped to broadcast, x, y) -> what it adds to unit-flux discs at
    (x, y) and (-x, -y); ``levels`` how finely that is sampled; ``symmetric`` where both agree.
    """

    light: Callable[[Sources, Floats, Floats], tuple[Floats, Floats]]
    levels: Callable[[Sources], nested.Levels]
    symmetric: Callable[[Sources], NDArray[np.bool_]]


class Spiral(SkyObject):
    """Spiral galaxy: exponential disc with Ringermacher-Mead arms, and a bulge."""

    code = 3
    formula = "disc (n = 1) with arms along phi(r) = 2N arctan(exp(A / r) / B), and a Sersic bulge"
    reference = "Ringermacher & Mead (2009), MNRAS 397, 164, equation 1"
    accuracy = "4.7e-4 of the peak (median 7e-5) against a much finer sampling"
    example = "Spiral(flux=1e5, half_light_radius=10, seed=3).render((64, 64))"
    colour = BLUE

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

    @staticmethod
    def derive(parameters: Parameters) -> Parameters:
        """Return the winding that gives the arms their pitch."""
        shape = parameters["arm_bulge_ratio"], parameters["arm_radius_ratio"]
        return {"arm_winding": arms.winding_of(parameters["pitch_angle"], *shape)}

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of spiral galaxies."""
        arms_alone = Pattern(arms.arm_light, arms.arm_levels, arms.symmetric)
        yield from draw_with(arms_alone, sources, shape)


def draw_with(pattern: Pattern, sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of disc galaxies with a bulge, whose discs have the pattern."""
    spectrum = partial(_spectrum, pattern)
    size, ones = sources["half_light_radius"], np.ones_like(sources["flux"])
    bulge_size = size * sources["bulge_radius_ratio"]
    disc, disc_edge = _taper(sources, size, ones, shape)
    bulge, bulge_edge = _taper(sources, bulge_size, sources["bulge_sersic_index"], shape)
    blurred = sources["psf_fwhm"] > 0
    internal = {
        "_disc": disc.astype(np.float64),
        "_bulge": bulge.astype(np.float64),
        "_bulge_share": np.where(blurred, sources["bulge_fraction"], 0.0),
        "_visible": np.maximum(*reach(sources, shape)),
        "_away": _away(sources, shape),
        "_crowded": arms.wave_number({n: v[:, None] for n, v in sources.items()}, arms.RADII).max(
            axis=1
        ),
    }
    extent = np.maximum(disc_edge, bulge_edge) + _PSF_WINGS * sources["psf_fwhm"]
    every = sources | internal | {"_extent": extent}
    every |= _planned(pattern.levels(every))
    symmetric = pattern.symmetric(sources)
    for members in (np.flatnonzero(symmetric), np.flatnonzero(~symmetric)):
        some = {name: values[members] for name, values in every.items()}
        for stamps in fourier.draw(some, some["_extent"], shape, spectrum, centred=True):
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


def _away(sources: Sources, shape: tuple[int, int]) -> Floats:
    """Return how far the sources are outside the image, along x or y."""
    outside = [
        np.maximum(-sources[name], sources[name] - length)
        for name, length in (("source_x", shape[1]), ("source_y", shape[0]))
    ]
    return np.maximum(np.maximum(*outside), 0)


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
    pattern: Pattern, sources: Sources, on: fourier.Grid, x: Floats, y: Floats
) -> Floats | Complexes:
    disc, bulge = _disc(sources, on), _bulge(sources, on)
    share = sources["bulge_fraction"][:, None, None]
    bulge *= sources["_bulge_share"][:, None, None]
    light = _moved(pattern, sources, on)
    light += disc
    light *= 1 - share
    light += bulge
    light *= sources["flux"][:, None, None]
    return light


def _disc(sources: Sources, on: fourier.Grid) -> Floats:
    """Return the transforms of unit-flux discs, tapered if far larger than the image."""
    discs = _exponential(sources, on)
    tapered = np.flatnonzero(sources["_disc"] != sersic_profile.UNTAPERED)
    if tapered.size:
        some = {name: values[tapered] for name, values in sources.items()}
        steps, size = some["_disc"].astype(np.int64), some["half_light_radius"]
        discs[tapered] = ellipse(on, size, np.ones_like(size), steps, some)
    return discs


def _exponential(sources: Sources, on: fourier.Grid) -> Floats:
    """Return (1 + (k h)^2)^(-3/2), the transforms of exponential ellipses of unit flux."""
    major = sources["half_light_radius"] / arms.SLOPE
    minor = major * sources["axis_ratio"]
    angle = np.deg2rad(sources["position_angle"])
    cos, sin = np.cos(angle), np.sin(angle)
    flat = ((major * cos) ** 2 + (minor * sin) ** 2)[:, None] * on.squares[0]
    flat += ((major**2 - minor**2) * cos * sin)[:, None] * on.squares[1]
    flat += ((major * sin) ** 2 + (minor * cos) ** 2)[:, None] * on.squares[2]
    flat += 1
    flat *= np.sqrt(flat)
    np.reciprocal(flat, out=flat)
    flat[:, 0] = 1
    return np.asarray(flat.reshape(-1, on.ky.size, on.kx.size))


def _bulge(sources: Sources, on: fourier.Grid) -> Floats:
    size = sources["half_light_radius"] * sources["bulge_radius_ratio"]
    steps = sources["_bulge"].astype(np.int64)
    return ellipse(on, size, sources["bulge_sersic_index"], steps, sources)


def _moved(pattern: Pattern, sources: Sources, on: fourier.Grid) -> Floats | Complexes:
    """Return the transform of what the pattern adds to and takes from a unit-flux disc."""

    def light(members: NDArray[np.intp], x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return pattern.light(_Broadcast(sources, members), x, y)

    half_width, *rest = (sources[f"_{name}"] for name in nested.Levels._fields)
    planned = nested.Levels(half_width, *(values.astype(np.int64) for values in rest))
    symmetric = bool(pattern.symmetric(sources).all())
    return nested.transform(light, planned, on, symmetric=symmetric)


def _planned(levels: nested.Levels) -> Sources:
    return {f"_{n}": np.asarray(v, dtype=np.float64) for n, v in levels._asdict().items()}


class _Broadcast(dict[str, Floats]):
    """Parameters of some sources, shaped to broadcast against points once they are asked for."""

    def __init__(self, sources: Sources, members: NDArray[np.intp]) -> None:
        super().__init__()
        self._sources, self._members = sources, members

    def __missing__(self, name: str) -> Floats:
        self[name] = self._sources[name][self._members, None, None]
        return self[name]
