"""Single shapes: values that can be drawn."""

from dataclasses import dataclass
from typing import ClassVar

import xarray as xr

from skybench.generators.geometric import arc, ellipse, polygon, rectangle
from skybench.generators.geometric.blur import blur, reach
from skybench.generators.geometric.scene import draw
from skybench.generators.geometric.shape import Shape
from skybench.generators.single_object import SingleObject, checked, scalars


@dataclass(frozen=True, kw_only=True)
class GeometricObject(SingleObject):
    """A plane shape and its position; use one of the subclasses.

    Parameters
    ----------
    x, y : float, optional
        Centre in pixels, (0, 0) that of the first pixel; the image's middle if absent.
    brightness : float
        Value of its pixels; 1 if absent.
    seed : int
        Draws the parameters that are not given.
    """

    profile: ClassVar[Shape]

    brightness: float | None = None

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
        >>> image = Circle(radius=10).render((64, 64))
        >>> float(image.min()), float(image.max()), float(image.sum())
        (0.0, 1.0, 316.0)
        >>> round(float(Circle(radius=10).render((64, 64), antialias=True).sum()), 6)
        314.159265
        """
        width = checked("blur_sigma", blur_sigma)
        margin = reach(width)
        drawn = draw(self._dataset(shape), shape, antialias=antialias, margin=margin)
        image, _ = next(drawn)
        seen = blur(image, width, margin)
        return self._labelled(seen, shape, "1").assign_coords(scalars({"blur_sigma": width}))


@dataclass(frozen=True, kw_only=True)
class Rectangle(GeometricObject):
    """A rectangle, solid or an outline.

    Parameters
    ----------
    width, height : float
        Sides along and across the position angle, in pixels.
    position_angle : float
        Of the width in degrees, counter-clockwise from +x.
    thickness : float
        Of the outline, inwards from the boundary; 0 is solid, and so is what leaves no hole.
    """

    profile = rectangle.RECTANGLE

    width: float | None = None
    height: float | None = None
    position_angle: float | None = None
    thickness: float | None = None


@dataclass(frozen=True, kw_only=True)
class Polygon(GeometricObject):
    """A regular polygon, solid or an outline.

    Parameters
    ----------
    radius : float
        From the centre to a vertex, in pixels.
    side_count : int
        Number of sides, 3 to 64.
    position_angle : float
        Of the first vertex in degrees, counter-clockwise from +x.
    thickness : float
        As for `Rectangle`.
    """

    profile = polygon.POLYGON

    radius: float | None = None
    side_count: float | None = None
    position_angle: float | None = None
    thickness: float | None = None


@dataclass(frozen=True, kw_only=True)
class Arc(GeometricObject):
    """An arc of a circle, with straight ends.

    Parameters
    ----------
    radius : float
        Of its outer side, in pixels.
    line_width : float
        Inwards from there; as much as the radius or more makes a slice of a disc.
    position_angle : float
        Of its middle in degrees, counter-clockwise from +x.
    opening_angle : float
        Degrees that it goes on for; 360 is a ring.
    """

    profile = arc.ARC

    radius: float | None = None
    line_width: float | None = None
    position_angle: float | None = None
    opening_angle: float | None = None


@dataclass(frozen=True, kw_only=True)
class Line(GeometricObject):
    """A straight line with flat ends.

    Parameters
    ----------
    length, line_width : float
        Pixels.
    position_angle : float
        Degrees, counter-clockwise from +x.
    """

    profile = rectangle.LINE

    length: float | None = None
    line_width: float | None = None
    position_angle: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ellipse(GeometricObject):
    """An ellipse, solid or an outline.

    Parameters
    ----------
    radius : float
        Half the major axis, in pixels.
    axis_ratio : float
        Minor over major axis, 0.05 to 1.
    position_angle : float
        Of the major axis in degrees, counter-clockwise from +x.
    thickness : float
        Of the outline, inwards along both axes; 0 is solid, and so is what leaves no hole.
    """

    profile = ellipse.ELLIPSE

    radius: float | None = None
    axis_ratio: float | None = None
    position_angle: float | None = None
    thickness: float | None = None


@dataclass(frozen=True, kw_only=True)
class Circle(GeometricObject):
    """A circle, solid or an outline.

    Parameters
    ----------
    radius : float
        Pixels.
    thickness : float
        Of the outline, inwards from the boundary; 0 is solid, and so is what leaves no hole.
    """

    profile = ellipse.CIRCLE

    radius: float | None = None
    thickness: float | None = None
