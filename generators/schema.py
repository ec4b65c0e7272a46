"""The one table of variables: name, dimensions, dtype, unit, meaning and domain.

Generators build from it, the registry validates against it, the docs print it. It
lives with the generators because imports go upwards only: the registry may read it
here, while generators may not read the registry.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from skybench.errors import ParameterError

SPLITS = ("train", "validation", "test")

SAMPLE = ("sample",)
SOURCE = ("sample", "source")

PARAMETER_BITS = 16
"""Mantissa bits kept of a float parameter.

numpy's float64 functions differ in the last bit between CPUs. A value computed as
float64 and kept to 16 bits differs only if it lies within 1e-16 of a rounding
boundary 1e-5 apart, about 1e-12 a value; sub-pixel positions keep 1/2000 pixel.
"""

EXPECTED_BITS = 12
"""Mantissa bits kept of stored noise-free images: 1.2e-4, far below the error budget."""


def _margin(end: float) -> float:
    return max(abs(end) * 2.0**-PARAMETER_BITS, 1e-30)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A domain: its bounds, each with or without the end point, and 0 beside them or not."""

    low: float = -np.inf
    high: float = np.inf
    open_low: bool = False
    open_high: bool = False
    or_zero: bool = False

    def __str__(self) -> str:
        """Write the domain as mathematicians do: ``(0, 1]``."""
        left = "(" if self.open_low or np.isneginf(self.low) else "["
        right = ")" if self.open_high or np.isposinf(self.high) else "]"
        zero = "0 or " if self.or_zero else ""
        return f"{zero}{left}{self.low:g}, {self.high:g}{right}"

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Return where the values are in the domain; NaN never is.

        What would be rounded to an open end when it is stored is not.
        """
        x = np.asarray(values, dtype=np.float64)
        above = x > self.low + _margin(self.low) if self.open_low else x >= self.low
        below = x < self.high - _margin(self.high) if self.open_high else x <= self.high
        return np.asarray(above & below | (self.or_zero & (x == 0)))

    def covers(self, low: float, high: float) -> bool:
        """Return whether all values from ``low`` to ``high`` are in the domain."""
        across_the_gap = self.or_zero and low < self.low < high
        return bool(self.contains((low, high)).all()) and not across_the_gap


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """A domain of separate values."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        """Write the domain as a set: ``{-1, 1}``."""
        return "{" + ", ".join(f"{v:g}" for v in self.values) + "}"

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Return where the values are among the allowed ones."""
        return np.isin(np.asarray(values, dtype=np.float64), self.values)

    def covers(self, low: float, high: float) -> bool:
        """Return whether all values from ``low`` to ``high`` are allowed: at most one is."""
        return low == high and bool(self.contains(low).all())


REAL = Interval()
POSITIVE = Interval(low=0, open_low=True)
ELECTRONS = Interval(low=0, high=1e9)
"""What the int32 of an image holds, twice over."""


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One row of the table."""

    name: str
    dims: tuple[str, ...]
    dtype: str
    long_name: str
    units: str | None = None
    domain: Interval | OneOf = REAL

    def attributes(self) -> dict[str, Any]:
        """Return the CF attributes of the variable."""
        attributes = {"long_name": self.long_name}
        return attributes if self.units is None else attributes | {"units": self.units}

    def store(self, values: ArrayLike) -> NDArray[Any]:
        """Return the values in the stored dtype, floats rounded to the kept mantissa bits."""
        array = np.asarray(values)
        if np.dtype(self.dtype).kind == "f":
            return round_mantissa(array, PARAMETER_BITS).astype(self.dtype)
        return array.astype(self.dtype)

    def check(self, values: ArrayLike) -> None:
        """Refuse values outside the domain; NaN marks an empty slot and passes.

        Raises
        ------
        ParameterError
            Naming the first offending sample (and source).
        """
        array = np.asarray(values)
        wrong = np.argwhere(~self.domain.contains(array) & ~np.isnan(array))
        if len(wrong):
            place = ", ".join(f"{d} {i}" for d, i in zip(self.dims, wrong[0], strict=False))
            got = array[tuple(wrong[0])]
            where = f" for {place}" if place else ""
            msg = f"{self.name} must be in {self.domain}, got {got:g}{where}."
            raise ParameterError(msg)


def _table(*variables: Variable) -> dict[str, Variable]:
    return {v.name: v for v in variables}


def _sample(name: str, dtype: str, long_name: str, **more: Any) -> Variable:
    return Variable(name=name, dims=SAMPLE, dtype=dtype, long_name=long_name, **more)


def _source(name: str, long_name: str, *, dtype: str = "float32", **more: Any) -> Variable:
    return Variable(name=name, dims=SOURCE, dtype=dtype, long_name=long_name, **more)


VARIABLES = _table(
    Variable(
        name="image",
        dims=("sample", "y", "x"),
        dtype="int32",
        units="electron",
        long_name="observed image, sky subtracted",
    ),
    _sample("sample_id", "int64", "stable identity of the sample"),
    _sample("label", "int8", "class of the sample"),
    _sample("split", "int8", "part of the benchmark the sample belongs to"),
    Variable(
        name="present",
        dims=("sample", "class"),
        dtype="int8",
        long_name="1 where the image holds a source of the class",
    ),
    Variable(name="class", dims=("class",), dtype="int8", long_name="class"),
    _sample(
        "psf_fwhm",
        "float32",
        "full width at half maximum of the point-spread function; 0 is none",
        units="pixel",
        # A sharper Moffat falls between the points of the pixel integral.
        domain=Interval(low=0.05, high=100, or_zero=True),
    ),
    _sample(
        "psf_beta",
        "float32",
        "Moffat exponent of the point-spread function",
        domain=Interval(low=1, open_low=True, high=100),
    ),
    _sample("sky_level", "float32", "mean sky in a pixel", units="electron", domain=ELECTRONS),
    _sample(
        "read_noise",
        "float32",
        "standard deviation of the read noise",
        units="electron",
        domain=Interval(low=0, high=1e6),
    ),
    _source("kind", "profile that draws the source", dtype="int8"),
    _source("source_class", "class of the source", dtype="int8"),
    _source("source_x", "position along x; pixel 0 has its centre at 0", units="pixel"),
    _source("source_y", "position along y; pixel 0 has its centre at 0", units="pixel"),
    _source("flux", "total flux", units="electron", domain=ELECTRONS),
    _source(
        "half_light_radius",
        "half-light radius along the major axis (of the disc, where there is a bulge)",
        units="pixel",
        domain=Interval(low=0, open_low=True, high=500),
    ),
    _source("sersic_index", "Sersic index", domain=Interval(low=0.5, high=6)),
    _source("axis_ratio", "minor over major axis", domain=Interval(low=0.05, high=1)),
    _source("position_angle", "angle of the major axis, counter-clockwise from +x", units="degree"),
    _source("bulge_fraction", "share of the flux in the bulge", domain=Interval(low=0, high=1)),
    _source(
        "bulge_radius_ratio",
        "half-light radius of the bulge over that of the disc",
        domain=Interval(low=0.02, high=1),
    ),
    _source("bulge_sersic_index", "Sersic index of the bulge", domain=Interval(low=0.5, high=6)),
    _source("arm_count", "number of spiral arms", domain=OneOf(values=tuple(range(1, 9)))),
    _source("arm_winding", "winding N of the arms (Ringermacher & Mead 2009)", domain=POSITIVE),
    _source(
        "arm_bulge_ratio",
        "bar-to-arm parameter B of the arms",
        domain=Interval(low=0.01, high=100),
    ),
    _source(
        "arm_radius_ratio",
        "scale A of the arms over the half-light radius",
        domain=Interval(low=0.01, high=10),
    ),
    _source(
        "pitch_angle",
        "pitch of the arms at the half-light radius",
        units="degree",
        domain=Interval(low=0, open_low=True, high=90, open_high=True),
    ),
    _source("arm_angle", "rotation of the arms within the disc", units="degree"),
    _source(
        "arm_handedness",
        "+1: arms turn counter-clockwise outwards, -1: clockwise",
        domain=OneOf(values=(-1, 1)),
    ),
    _source(
        "arm_contrast",
        "depth of the arms: 0 smooth, 1 dark between",
        domain=Interval(low=0, high=1),
    ),
    _source(
        "arm_sharpness", "narrowness of the arms", domain=Interval(low=0, open_low=True, high=20)
    ),
)
"""Every variable a store may hold, by name."""


def round_mantissa(values: NDArray[Any], bits: int) -> NDArray[np.float64]:
    """Round floats to ``bits`` explicit mantissa bits, ties to even; NaN and infinities stay."""
    mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    rounded = np.rint(np.ldexp(mantissa, bits + 1))
    return np.asarray(np.ldexp(rounded, exponent - (bits + 1)), dtype=np.float64)


def flags(meanings: tuple[str, ...], first: int = 0) -> dict[str, Any]:
    """Return the CF flag attributes that give integer codes their names."""
    codes = np.arange(first, first + len(meanings), dtype=np.int8)
    return {"flag_values": codes, "flag_meanings": " ".join(meanings)}


def variable(name: str, values: ArrayLike, attributes: dict[str, Any] | None = None) -> xr.Variable:
    """Return an xarray Variable of the table, stored dtype and attributes included."""
    row = VARIABLES[name]
    return xr.Variable(row.dims, row.store(values), row.attributes() | (attributes or {}))
