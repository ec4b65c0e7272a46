"""What a profile is: a kind of object, its parameters and what is known about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skybench.generators.distributions import Distribution

Parameters = dict[str, NDArray[np.float64]]


def _nothing_derived(parameters: Parameters) -> Parameters:
    return {}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A kind of object. Each family of generators adds how it is drawn.

    Attributes
    ----------
    name : str
        Name in recipes.
    code : int
        Code in the ``kind`` coordinate; never reused within a family.
    summary : str
        One sentence for users.
    formula : str
        What is drawn, in a line or two of plain text.
    reference : str
        Where the formula is from.
    accuracy : str
        The error that was measured, and against what.
    example : str
        A Python expression that draws one, with the names of `skybench.generators` and
        `skybench.generate`; the documentation shows it and the picture it makes.
    defaults : mapping
        Every parameter it is drawn from, with the distribution used where a recipe is silent.
    derive : callable
        Parameters that follow from the drawn ones and are recorded beside them.
    derived : tuple of str
        Their names.
    """

    name: str
    code: int
    summary: str
    formula: str
    reference: str
    accuracy: str
    example: str
    defaults: Mapping[str, Distribution]
    derive: Callable[[Parameters], Parameters] = _nothing_derived
    derived: tuple[str, ...] = ()
