"""What a source profile is. The table of them is `skybench.generators.sky.catalogue`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from skybench.generators.distributions import Distribution
from skybench.generators.sky.stamps import Sources, Stamps


def _nothing_derived(parameters: Sources) -> Sources:
    return {}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A kind of source: its parameters and how it is drawn.

    Attributes
    ----------
    name : str
        Name in recipes.
    code : int
        Code in the ``kind`` coordinate; never reused.
    summary : str
        One sentence for users.
    defaults : mapping
        Every parameter it is drawn from, with the distribution used where a recipe is silent.
    draw : callable
        (sources, image shape) -> stamps of those sources, PSF and pixel included.
    derive : callable
        Parameters that follow from the drawn ones and are recorded beside them.
    derived : tuple of str
        Their names.
    """

    name: str
    code: int
    summary: str
    defaults: Mapping[str, Distribution]
    draw: Callable[[Sources, tuple[int, int]], Iterator[Stamps]]
    derive: Callable[[Sources], Sources] = _nothing_derived
    derived: tuple[str, ...] = ()
