"""Radial functions of one shape parameter, tabulated for fast evaluation at many points."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skybench.generators.arrays import Floats, Singles

LOG_STEP = 0.02
"""Spacing in the logarithm: linear interpolation then errs by 5e-5 of a function's curvature."""

LOG_FIRST = -10.0
"""The first node: 5e-5, far below what a pixel grid can hold."""


_LEVELS = 18
"""Levels, a factor e apart, for which the end of a function is known."""

_LOWEST = LOG_FIRST + 2 * LOG_STEP

_OCTAVES = np.arange(-29, 29)
_SQUARED = np.append(np.ldexp(1 + np.arange(64) / 64, _OCTAVES[:, None]).ravel(), 2.0**29)
"""The nodes of the kernels' tables: those k squared whose floats end in 17 bits of nothing."""

_DARK = 1e-12
"""Below it a transform is nothing: products of such numbers are slow to compute with."""


def _cubic(t: Floats) -> tuple[Floats, ...]:
    """Return the weights of the nodes at -1, 0, 1 and 2, for a place among them."""
    a, b, c, d = t + 1, t, t - 1, t - 2
    return -b * c * d / 6, a * c * d / 2, -a * b * d / 2, a * b * c / 6


@dataclass(frozen=True)
class Lines:
    """A function of ln k alone for each of m sources, on a part of the nodes."""

    values: Floats
    first: int

    def __call__(self, log_k: Floats) -> Floats:
        """Return the functions at (m, points) logarithms, by linear interpolation.

        The argument is used as work space.
        """
        count = self.values.shape[1]
        place = np.subtract(log_k, LOG_FIRST, out=log_k)
        place *= 1 / LOG_STEP
        below = place.astype(np.intp)
        place -= below
        below += count * np.arange(len(below))[:, None] - self.first
        flat = self.values.ravel()
        left = flat.take(below)
        below += 1
        right = flat.take(below)
        right -= left
        right *= place
        right += left
        return right


@dataclass(frozen=True, eq=False)
class RadialTable:
    """Values at equal steps of a parameter (rows) and of the logarithm (columns)."""

    values: Floats
    first: float
    step: float

    @cached_property
    def _ends(self) -> Floats:
        """Return, for each of the levels and rows, the last node above the level."""
        size = np.abs(self.values[:, ::-1])
        above = size[None] > np.exp(-np.arange(_LEVELS))[:, None, None]
        last = size.shape[1] - np.argmax(above, axis=2)
        return np.asarray(np.where(above.any(axis=2), last, 0), dtype=np.float64)

    @cached_property
    def singles(self) -> Singles:
        """Return the values at the nodes of the kernels' tables, rows after rows."""
        place = np.clip((np.log(_SQUARED) / 2 - LOG_FIRST) / LOG_STEP, 1, self.values.shape[1] - 2)
        below = np.minimum(np.floor(place).astype(np.intp), self.values.shape[1] - 3)
        weights = _cubic(place - below)
        values = weights[0] * self.values[:, below - 1]
        for k in (1, 2, 3):
            values += weights[k] * self.values[:, below + k - 1]
        return np.ascontiguousarray(np.where(np.abs(values) < _DARK, 0, values), dtype=np.float32)

    def place(self, parameter: Floats) -> Floats:
        """Return where parameters lie among the rows."""
        return np.asarray((parameter - self.first) / self.step)

    def end(self, parameter: Floats, level: Floats) -> Floats:
        """Return the ln k beyond which functions stay within levels, to some percent."""
        place = np.clip((parameter - self.first) / self.step, 0, self.values.shape[0] - 1.001)
        depth = np.clip(-np.log(level), 0, _LEVELS - 1.001)
        row, line = place.astype(np.intp), depth.astype(np.intp)
        place, depth = place - row, depth - line
        ends = self._ends
        low, high = ends[line, row], ends[line + 1, row]
        low = low + place * (ends[line, row + 1] - low)
        high = high + place * (ends[line + 1, row + 1] - high)
        return np.asarray(LOG_FIRST + LOG_STEP * (low + depth * (high - low)))

    def evaluate(self, parameter: Floats, log_k: Floats) -> Floats:
        """Return (m, points) values of the functions of m parameters, constant beyond both ends.

        The logarithms are used as work space.
        """
        highest = LOG_FIRST + LOG_STEP * (self.values.shape[1] - 3)
        low, high = float(log_k.min()), float(log_k.max())
        if low < _LOWEST or high > highest:
            np.clip(log_k, _LOWEST, highest, out=log_k)
            low, high = (min(max(end, _LOWEST), highest) for end in (low, high))
        return self.lines(parameter, low, high)(log_k)

    def lines(self, parameter: Floats, low: float, high: float) -> Lines:
        """Return the functions of m parameters, on the nodes from ``low`` to ``high``.

        Between tabulated parameters the four nearest are interpolated by a cubic. The nodes
        asked for may depend on all sources of a batch: no value depends on them.
        """
        rows, nodes = self.values.shape
        place = self.place(parameter)
        below = np.clip(np.floor(place).astype(np.intp) - 1, 0, rows - 4)
        start = int(np.floor((low - LOG_FIRST) / LOG_STEP)) - 1
        stop = min(int(np.floor((high - LOG_FIRST) / LOG_STEP)) + 3, nodes)
        weights = _cubic(place - below - 1)
        part = self.values[:, start:stop]
        values = weights[0][:, None] * part[below]
        for k in (1, 2, 3):
            values += weights[k][:, None] * part[below + k]
        return Lines(values, start)
