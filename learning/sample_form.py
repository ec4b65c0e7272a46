"""The form of a sample: an image, a series, a cube or a map of the sphere, of how many planes."""

import math
from dataclasses import dataclass

KINDS = {
    "cubes": ("z", "y", "x"),
    "images": ("y", "x"),
    "series": ("time",),
    "sphere maps": ("pixel",),
}
"""The dimensions that a sample of each kind extends over; those of a cube are told first."""

OTHER = "arrays"
"""The kind of samples that have the dimensions of none."""


@dataclass(frozen=True, kw_only=True)
class SampleForm:
    """What a network must know of samples before it sees one.

    Parameters
    ----------
    dims : tuple of str
        Of one sample, such as ("band", "y", "x").
    shape : tuple of int
        The size of each.

    Examples
    --------
    >>> colours = SampleForm(dims=("band", "y", "x"), shape=(3, 64, 48))
    >>> colours.kind, colours.planes, colours.extent
    ('images', 3, (64, 48))
    >>> print(SampleForm(dims=("time", "body"), shape=(33, 2)))
    series (time 33, body 2)
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def kind(self) -> str:
        """A key of `KINDS`, or `OTHER`."""
        found = (kind for kind, over in KINDS.items() if set(over) <= set(self.dims))
        return next(found, OTHER)

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of one sample that it extends over; the rest are planes."""
        return tuple(map(self.dims.index, KINDS.get(self.kind, self.dims)))

    @property
    def extent(self) -> tuple[int, ...]:
        """The sizes that a sample extends over, such as (ny, nx)."""
        return tuple(self.shape[axis] for axis in self.axes)

    @property
    def planes(self) -> int:
        """How many numbers there are at each point, such as bands of a pixel."""
        return math.prod(self.shape) // math.prod(self.extent)

    @property
    def planes_first(self) -> tuple[int, ...]:
        """The axes of one sample in the order of networks: planes, then what it extends over."""
        planes = (axis for axis in range(len(self.dims)) if axis not in self.axes)
        return (*planes, *self.axes)

    def __str__(self) -> str:
        """Say the kind and the sizes."""
        sizes = (f"{dim} {size}" for dim, size in zip(self.dims, self.shape, strict=True))
        return f"{self.kind} ({', '.join(sizes)})"
