"""A profile of the sky: a kind of source that is drawn as stamps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from skybench.generators.profiles import Profile
from skybench.generators.sky.stamps import Sources, Stamps


@dataclass(frozen=True, kw_only=True)
class SkyProfile(Profile):
    """A kind of source on the sky.

    Attributes
    ----------
    draw : callable
        (sources, image shape) -> stamps of those sources, PSF and pixel included.
    """

    draw: Callable[[Sources, tuple[int, int]], Iterator[Stamps]]
