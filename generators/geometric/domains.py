"""The last look at parameters before they are drawn, wherever they come from."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skybench.errors import ParameterError
from skybench.generators.schema import VARIABLES


def within_domain(
    name: str, values: ArrayLike, samples: ArrayLike, sources: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the values of a variable as float64.

    Recipes are checked when they are read; coordinates from elsewhere are not.

    Parameters
    ----------
    name : str
        Of the variable.
    values : (m,) array
    samples, sources : (m,) arrays
        To be named in the error.

    Raises
    ------
    ParameterError
        A value is no finite number in the domain of the variable.
    """
    numbers = np.asarray(values, dtype=np.float64)
    domain = VARIABLES[name].domain
    wrong = np.flatnonzero(~(domain.contains(numbers) & np.isfinite(numbers)))
    if wrong.size:
        first = wrong[0]
        source = "" if sources is None else f", source {np.asarray(sources)[first]}"
        msg = (
            f"{name} must be a finite number in {domain}, got {numbers[first]:g} "
            f"for sample {np.asarray(samples)[first]}{source}."
        )
        raise ParameterError(msg)
    return numbers
