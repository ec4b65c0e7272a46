"""Codes of samples and what they stand for, as CF flag variables tell it."""

from typing import Any

import numpy as np
import xarray as xr

from skybench.errors import IntegrityError

SAMPLE_DIM = "sample"
SPLIT_VARIABLE = "split"


def flag_names(variable: xr.Variable) -> dict[int, str]:
    """Return the meaning of each code of a CF flag variable.

    Raises
    ------
    IntegrityError
        It lacks ``flag_values`` or ``flag_meanings``.
    """
    if not {"flag_values", "flag_meanings"} <= variable.attrs.keys():
        msg = (
            f"a variable of codes has attributes {sorted(map(str, variable.attrs))}; expected "
            "flag_values and flag_meanings, as skybench writes them"
        )
        raise IntegrityError(msg)
    values: list[Any] = np.atleast_1d(variable.attrs["flag_values"]).tolist()
    return dict(zip(values, str(variable.attrs["flag_meanings"]).split(), strict=True))
