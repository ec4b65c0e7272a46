"""What all plane shapes have: a boundary, a place, and the image of one alone."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from skybench.generators.arrays import Integers, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.domains import checked, within_domain
from skybench.generators.drawn_object import ImageObject
from skybench.generators.geometric.edges import Edges, listed
from skybench.generators.geometric.scene import Outlines, blur, draw, reach
from skybench.generators.geometric.vocabulary import VOCABULARY

ANY_ANGLE = uniform(0, 360)
HALF_TURN = uniform(0, 180)
"""Angles of what looks the same upside down."""

DEFAULT_SIZE = uniform(15, 45)
"""Pixels: what a canvas of 256x256 shows well."""

_POSITION = (VOCABULARY["source_x"], VOCABULARY["source_y"])

EXACT = "the exact areas that its outline covers, cut at the borders of pixels"


class GeometricObject(ImageObject):
    """A plane shape and its position; use one of the subclasses."""

    family = "geometric"
    vocabulary = VOCABULARY

    brightness: float = parameter(default=1)

    @staticmethod
    def boundary(parameters: Parameters) -> Edges:
        """Return the edges of m shapes, parameters of (m,) each."""
        raise NotImplementedError

    def render(
        self, shape: tuple[int, int] = (256, 256), *, antialias: bool = False, blur_sigma: float = 0
    ) -> xr.DataArray:
        """Return the image.

        Parameters
        ----------
        shape : (ny, nx)
            Pixels of the image.
        antialias : bool
            Weigh pixels by the share that is covered, exact to 1e-9; else a pixel is drawn where
            its centre lies inside, or on a left or lower side.
        blur_sigma : float
            Standard deviation of a Gaussian blur in pixels, 0 for none.

        Returns
        -------
        (y, x) float64 DataArray
            The parameters are coordinates.

        Examples
        --------
        >>> from skybench.generators import Circle
        >>> image = Circle(radius=10).render((64, 64))
        >>> float(image.min()), float(image.max()), float(image.sum())
        (0.0, 1.0, 316.0)
        >>> round(float(Circle(radius=10).render((64, 64), antialias=True).sum()), 6)
        314.159265
        """
        width = checked("blur_sigma", blur_sigma, VOCABULARY["blur_sigma"])
        margin = reach(width)
        alone = self._dataset(shape)
        edges = outlines(alone, (type(self),))
        images, _ = next(draw(alone, edges, shape, antialias=antialias, margin=margin))
        seen = blur(images, np.array([width], dtype=np.float64), margin)[0]
        return self._labelled(seen, shape, "1").assign_coords(self._labels({"blur_sigma": width}))


def outlines(parameters: xr.Dataset, kinds: Iterable[type[GeometricObject]]) -> Outlines:
    """Return the edges of all shapes that coordinates describe.

    Raises
    ------
    ParameterError
        A parameter of a shape is outside its domain, or missing.
    """
    # Much faster than to take each from the dataset: that makes a data array of it.
    columns = {name: column.values for name, column in parameters.variables.items()}
    codes = columns["kind"]
    owners, slots = np.nonzero(codes)
    samples = columns.get("sample_id", np.arange(len(codes)))
    parts: list[tuple[Integers, Edges]] = []
    for kind in kinds:
        members = np.flatnonzero(codes[owners, slots] == kind.code)
        if members.size:
            own = owners[members], slots[members]
            rows = [*_POSITION, *kind.variables.values()]
            values = {
                row.name: within_domain(row, columns[row.name][own], samples[own[0]], own[1])
                for row in rows
            }
            parts.append((members, kind.boundary(values)))
    return Outlines(owners, slots, listed(parts, owners.size))
