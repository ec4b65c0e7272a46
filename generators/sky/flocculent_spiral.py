"""A flocculent spiral: short ragged arms and star-forming knots beside or instead of long arms.

To the arms of contrast c of a spiral, patches of patchiness p are added,

    I / disc = 1 + c (arms - 1) + (1 - c) p mean of (exp(s cos x_i) / I0(s) - 1),
    x_i = m_i (theta - nu_i ln r) - delta_i,

the sum of a few trailing patterns of m_i arms that interfere: where they agree, a bright piece
of an arm is seen that ends where they part. That is how swing amplification makes flocculent
arms (Toomre 1981, "What amplifies the spirals"; Elmegreen & Elmegreen 1984, ApJS 54, 127). Each
term is without light in the mean around the disc and never below -1: flux is kept, and no light
is negative. Every number comes from the galaxy's ``pattern_seed``.
"""

from collections.abc import Iterator

import numpy as np

from skybench.generators.declaration import parameter
from skybench.generators.distributions import choice, uniform
from skybench.generators.random_streams import first_uniforms
from skybench.generators.sky import arms, knots
from skybench.generators.sky.sky_object import Smooth
from skybench.generators.sky.spiral import Spiral, draw_with
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval, OneOf

_PATTERNS = 4
_FEWEST_ARMS, _MOST_ARMS = 3, 7
_PATCH_SHARPNESS = 2.0

_LEAST_PITCH = 5.0
"""Pitch in degrees below which patches are wound no tighter: they would be rings."""

_LOOSEST, _TIGHTEST = 0.6, 1.2
"""Winding nu of the patterns over the cotangent of the pitch angle."""


class FlocculentSpiral(Spiral):
    """Flocculent spiral galaxy: ragged pieces of arms, star-forming knots, and a bulge."""

    code = 9
    formula = "disc (1 + c (arms - 1) + (1 - c) p mean(exp(s cos x_i) / I0(s) - 1)), knots, bulge"
    reference = "Elmegreen & Elmegreen (1984), ApJS 54, 127; Toomre (1981)"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = "FlocculentSpiral(flux=1e5, half_light_radius=9, seed=1).render((64, 64))"
    smooth = Smooth(changes={"arm_contrast": 0.0, "arm_patchiness": 0.0, "knot_fraction": 0.0})

    arm_contrast: float = parameter(default=uniform(0.1, 0.5))
    arm_patchiness: float = parameter(
        "depth of the patches of a disc in what its arms leave smooth",
        units=None,
        domain=Interval(0, 1),
        default=uniform(0.7, 1),
    )
    knot_count: float = parameter(
        "number of star-forming knots",
        units=None,
        domain=OneOf(values=tuple(range(65))),
        default=choice(8, 16, 24),
    )
    knot_fraction: float = parameter(
        "share of the disc's flux in star-forming knots",
        units=None,
        domain=Interval(0, 0.5),
        default=uniform(0.05, 0.2),
    )
    knot_radius_ratio: float = parameter(
        "standard deviation of a knot over the half-light radius of the disc",
        units=None,
        domain=Interval(0.005, 0.3),
        default=0.04,
    )
    pattern_seed: float = parameter(
        "whole part: seed of the places of knots and patches",
        units=None,
        domain=Interval(0, 65536),
        default=uniform(0, 65535),
    )

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the discs with their patches and knots, and of the bulges."""
        in_knots = knots.flux(sources)
        rest = sources["flux"] - in_knots
        # The bulge keeps its light: knots take theirs from the disc.
        bulge = sources["flux"] * sources["bulge_fraction"]
        smooth = sources | {
            "flux": rest,
            "bulge_fraction": np.minimum(bulge / np.where(rest > 0, rest, 1), 1),
        }
        waves = arms.uneven_arms(sources, _waves(sources | _patterns(sources)))
        yield from draw_with(waves, smooth, shape, knots.knots(sources))


def _patterns(sources: Sources) -> Sources:
    """Return the numbers of the patches' patterns: arms, winding, phase, a column each."""
    drawn = first_uniforms(sources["pattern_seed"], "flocculent.patterns", 3 * _PATTERNS)
    chosen, winding, phase = np.split(drawn, 3, axis=1)
    cotangent = 1 / np.tan(np.deg2rad(np.maximum(sources["pitch_angle"], _LEAST_PITCH)))
    number = _FEWEST_ARMS + np.floor(chosen * (_MOST_ARMS - _FEWEST_ARMS + 1))
    nu = cotangent[:, None] * (_LOOSEST + (_TIGHTEST - _LOOSEST) * winding)
    return {"_arms": number, "_winding": nu, "_phase": 2 * np.pi * phase}


def _waves(sources: Sources) -> arms.Waves:
    """Return the patterns of galaxies: their long arms, then the patches."""
    number, even = sources["_arms"], np.ones_like(sources["_arms"])
    depth = (1 - sources["arm_contrast"]) * sources["arm_patchiness"] / _PATTERNS
    patches = arms.Waves(
        logarithmic=even,
        number=number,
        winding=sources["_winding"],
        scale=even,
        bulge_ratio=even,
        angle=-sources["_phase"],
        contrast=depth[:, None] * even,
        sharpness=_PATCH_SHARPNESS * even,
    )
    pairs = zip(arms.long_arms(sources), patches, strict=True)
    return arms.Waves(*(np.concatenate(pair, axis=1) for pair in pairs))
