"""A spiral galaxy: exponential disc, arms after Ringermacher and Mead, and a bulge.

The arms follow the curve of Ringermacher & Mead (2009, MNRAS 397, 164, equation 1),

    r(phi) = A / log[B tan(phi / 2N)],

whose inverse is closed and total, so that each point of the disc knows its phase:

    phi(r) = 2N arctan(exp(A / r) / B).

Near the centre phi is constant, a bar; outwards it winds by up to 2N arctan(B). The pitch
angle P follows from tan P = dr / (r dphi):

    tan P = (r / (2 N A)) (u + 1 / u),    u = exp(A / r) / B.

The disc is multiplied by 1 + c (exp(s cos m(phi - phi(r))) / I0(s) - 1), whose mean over the
azimuth is exactly 1: arms move light around the disc and never add any. Hence disc and bulge
are drawn as Sersic profiles in Fourier space, and only the arms' part, of zero flux, is
sampled, on a grid fine enough that its transform is true to the last frequency kept.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft2
from scipy.special import i0

from skybench.generators.distributions import Choice, Constant, LogUniform, Uniform
from skybench.generators.sky import fourier, sersic
from skybench.generators.sky.galaxy import dark_radius, ellipse, psf_extent, taper_step
from skybench.generators.sky.galaxy import draw as draw_galaxies
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.stamps import Sources, Stamps

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

BAR_RADIUS = 0.4
"""Arms fade inwards of this many half-light radii: their phase has no limit at r = 0."""

_DISC_INDEX = 1.0

_RADIAL_STEP = 1 / 32
"""Widest spacing in pixels of the table of arm phase and amplitude over radius."""

_CHORD = 0.05
"""Sharpness times squared turn of the arms in a step of it: their crests lose an eighth of
that on its chords."""

_FINEST = 8

_SAMPLES_PER_ARM = 6


def arm_phase(radius: Floats, winding: float, bulge_ratio: float, scale: float) -> Floats:
    """Return phi(r) of the arms in radians, for a scale A in the units of the radius."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(2 * winding * np.arctan(np.exp(scale / radius) / bulge_ratio))


def winding_of(pitch_angle: Floats, bulge_ratio: Floats, radius_ratio: Floats) -> Floats:
    """Return N such that the arms have the given pitch, in degrees, at the half-light radius."""
    u = np.exp(radius_ratio) / bulge_ratio
    return np.asarray((u + 1 / u) / (2 * radius_ratio * np.tan(np.deg2rad(pitch_angle))))


def pitch_of(winding: Floats, bulge_ratio: Floats, radius_ratio: Floats) -> Floats:
    """Return the pitch in degrees at the half-light radius."""
    u = np.exp(radius_ratio) / bulge_ratio
    return np.asarray(np.rad2deg(np.arctan((u + 1 / u) / (2 * winding * radius_ratio))))


def _winding(parameters: Sources) -> Sources:
    shape = parameters["arm_bulge_ratio"], parameters["arm_radius_ratio"]
    return {"arm_winding": winding_of(parameters["pitch_angle"], *shape)}


def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of spiral galaxies."""
    size = sources["half_light_radius"]
    disc = taper_step(sources, size, _index(size), shape)
    bulge_size = size * sources["bulge_radius_ratio"]
    bulge = taper_step(sources, bulge_size, sources["bulge_sersic_index"], shape)
    blurred = sources["psf_fwhm"] > 0
    edge = np.maximum(
        dark_radius(size, _index(size), disc),
        dark_radius(bulge_size, sources["bulge_sersic_index"], bulge),
    )
    internal = {
        "_disc": disc.astype(np.float64),
        "_bulge": bulge.astype(np.float64),
        "_bulge_share": np.where(blurred, sources["bulge_fraction"], 0.0),
        "_width": np.full(size.shape, float(shape[1])),
        "_height": np.full(size.shape, float(shape[0])),
    }
    yield from fourier.draw(sources | internal, edge + psf_extent(sources), shape, _spectrum)
    yield from _sharp_bulges(sources, np.flatnonzero(~blurred), shape)


def _sharp_bulges(
    sources: Sources, members: NDArray[np.intp], shape: tuple[int, int]
) -> Iterator[Stamps]:
    """Yield the bulges without PSF as the galaxies they are: those are exact at the cusp."""
    bulges = {name: values[members] for name, values in sources.items()}
    bulges["flux"] = bulges["flux"] * bulges["bulge_fraction"]
    bulges["half_light_radius"] = bulges["half_light_radius"] * bulges["bulge_radius_ratio"]
    bulges["sersic_index"] = bulges["bulge_sersic_index"]
    for stamps in draw_galaxies(bulges, shape):
        yield stamps._replace(members=members[stamps.members])


def _index(size: Floats) -> Floats:
    return np.full(size.shape, _DISC_INDEX)


def _spectrum(sources: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Complexes:
    size = sources["half_light_radius"]
    share = sources["bulge_fraction"][:, None, None]
    steps = [sources[name].astype(np.int64) for name in ("_disc", "_bulge")]
    disc = ellipse(on, size, _index(size), steps[0], sources)
    bulge_size = size * sources["bulge_radius_ratio"]
    bulge = ellipse(on, bulge_size, sources["bulge_sersic_index"], steps[1], sources)
    along_y, along_x = fourier.shift(on, x, y)
    bulge_share = sources["_bulge_share"][:, None, None]
    light = ((1 - share) * disc + bulge_share * bulge) * along_y * along_x
    light += (1 - share) * _arms(sources, on, x, y, steps[0])
    return np.asarray(light * sources["flux"][:, None, None])


def _arms(
    sources: Sources, on: fourier.Grid, x: Floats, y: Floats, steps: NDArray[np.int64]
) -> Complexes:
    """Return the transform of what the arms add to and take from a unit-flux disc."""
    half, rows = on.kx.size, on.ky.size
    transforms = np.empty((x.size, rows, half), dtype=np.complex128)
    for one in range(x.size):
        galaxy = {name: float(values[one]) for name, values in sources.items()}
        affordable = fourier.LONGEST_SIDE // (on.size * on.oversampling)
        finer = min(_fineness(galaxy, on.oversampling), affordable)
        per_pixel = on.oversampling * finer
        axis = np.arange(on.size * per_pixel) / per_pixel
        columns = _visible(axis, x[one] - galaxy["source_x"], galaxy["_width"], galaxy)
        lines = _visible(axis, y[one] - galaxy["source_y"], galaxy["_height"], galaxy)
        sampled = np.zeros((axis.size, axis.size))
        sampled[lines, columns] = _sample(
            galaxy, axis[columns] - x[one], axis[lines] - y[one], int(steps[one])
        )
        full = rfft2(sampled)[:, :half] / per_pixel**2
        transforms[one, : rows // 2] = full[: rows // 2]
        transforms[one, rows // 2 :] = full[full.shape[0] - rows // 2 :]
    return transforms


def _visible(axis: Floats, origin: float, length: float, galaxy: dict[str, float]) -> slice:
    """Return the samples from which the PSF carries light into the image along an axis."""
    margin = 1 + 4 * galaxy["psf_fwhm"]
    first, last = np.searchsorted(axis, [origin - margin, origin + length - 1 + margin])
    return slice(int(first), int(last))


def _fineness(galaxy: dict[str, float], oversampling: int) -> int:
    """Return how much finer to sample, for the crossing of the tightest arm to be resolved."""
    apart = 2 * np.pi / max(_turning(galaxy), 2.0)
    width = apart * galaxy["half_light_radius"] * galaxy["axis_ratio"]
    wanted = _SAMPLES_PER_ARM / (width * oversampling)
    return int(np.clip(2 ** np.ceil(np.log2(wanted)), 1, _FINEST))


def _turning(galaxy: dict[str, float]) -> float:
    """Return the fastest turn of the pattern, in radians of m phi a half-light radius."""
    radius = np.linspace(BAR_RADIUS, 2, 33)
    u = np.exp(galaxy["arm_radius_ratio"] / radius) / galaxy["arm_bulge_ratio"]
    turning = 2 * galaxy["arm_winding"] * galaxy["arm_radius_ratio"] / (radius**2 * (u + 1 / u))
    return float((galaxy["arm_count"] * turning).max())


def _radial_step(galaxy: dict[str, float]) -> float:
    """Return the spacing in pixels of the table over radius: finer for tight or sharp arms."""
    turn = _turning(galaxy) / galaxy["half_light_radius"] * _RADIAL_STEP
    excess = galaxy["arm_sharpness"] * turn**2 / _CHORD
    return _RADIAL_STEP / 2 ** float(np.clip(np.ceil(np.log2(excess) / 2), 0, 5))


def _sample(galaxy: dict[str, float], dx: Floats, dy: Floats, step: int) -> Floats:
    """Return the arms' part of a unit-flux disc at points (dy, dx) from its centre."""
    angle = np.deg2rad(galaxy["position_angle"])
    q, size = galaxy["axis_ratio"], galaxy["half_light_radius"]
    cos, sin = np.cos(angle), np.sin(angle)
    major = cos * dx + sin * dy[:, None]
    minor = (-sin / q) * dx + (cos / q) * dy[:, None]
    radius = np.sqrt(major**2 + minor**2)
    spacing = _radial_step(galaxy)
    place = np.minimum(radius / spacing, _nodes(size, step, spacing) - 2)
    below = place.astype(np.intp)
    part = place - below
    phase, amplitude = _radial(galaxy, step, spacing)
    arm = phase[below] + part * (phase[below + 1] - phase[below])
    light = amplitude[below] + part * (amplitude[below + 1] - amplitude[below])
    turn = (major + 1j * galaxy["arm_handedness"] * minor) / np.maximum(radius, 1e-12)
    # Repeated products: a complex power costs twenty times as much.
    for _ in range(int(galaxy["arm_count"])):
        arm = arm * turn
    sharpness = galaxy["arm_sharpness"]
    return np.asarray(light * (np.exp(sharpness * arm.real) / i0(sharpness) - 1))


def _nodes(size: float, step: int, spacing: float) -> int:
    outer = sersic.TAPER * float(sersic.taper_radius(np.asarray(step))) * size
    return int(outer / spacing) + 3


def _radial(galaxy: dict[str, float], step: int, spacing: float) -> tuple[Complexes, Floats]:
    """Return exp(-i m (phi(r) + arm_angle)) and the amplitude of the arms over radius."""
    size = galaxy["half_light_radius"]
    radius = np.arange(_nodes(size, step, spacing), dtype=np.float64) * (spacing / size)
    phi = arm_phase(
        radius, galaxy["arm_winding"], galaxy["arm_bulge_ratio"], galaxy["arm_radius_ratio"]
    )
    phi = galaxy["arm_handedness"] * np.deg2rad(galaxy["arm_angle"]) - phi
    inner = float(sersic.taper_radius(np.asarray(step)))
    disc = sersic.surface_brightness(radius, np.asarray(_DISC_INDEX)) * sersic.taper(radius, inner)
    disc = disc / (galaxy["axis_ratio"] * size**2)
    fade = 1 - np.exp(-((radius / BAR_RADIUS) ** 4))
    return np.exp(-1j * galaxy["arm_count"] * phi), galaxy["arm_contrast"] * disc * fade


PROFILE = SkyProfile(
    name="spiral",
    code=3,
    summary="Spiral galaxy: exponential disc with Ringermacher-Mead arms, and a bulge.",
    formula="disc (n = 1) with arms along phi(r) = 2N arctan(exp(A / r) / B), and a Sersic bulge",
    reference="Ringermacher & Mead (2009), MNRAS 397, 164, equation 1",
    accuracy="6.6e-4 of the peak against a much finer sampling",
    defaults={
        "flux": LogUniform(distribution="log_uniform", low=1e4, high=1e5),
        "half_light_radius": Uniform(distribution="uniform", low=4, high=8),
        "axis_ratio": Uniform(distribution="uniform", low=0.5, high=1),
        "position_angle": Uniform(distribution="uniform", low=0, high=180),
        "bulge_fraction": Uniform(distribution="uniform", low=0.05, high=0.3),
        "bulge_radius_ratio": Uniform(distribution="uniform", low=0.15, high=0.3),
        "bulge_sersic_index": Constant(value=2),
        "arm_count": Constant(value=2),
        "pitch_angle": Uniform(distribution="uniform", low=15, high=35),
        "arm_bulge_ratio": Uniform(distribution="uniform", low=0.8, high=1.2),
        "arm_radius_ratio": Constant(value=1),
        "arm_angle": Uniform(distribution="uniform", low=0, high=360),
        "arm_handedness": Choice(distribution="choice", values=(-1, 1)),
        "arm_contrast": Uniform(distribution="uniform", low=0.7, high=1),
        "arm_sharpness": Constant(value=2),
    },
    draw=draw,
    derive=_winding,
    derived=("arm_winding",),
)
