"""Where sources go on a frame: places outside masks, apart from each other."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.random_streams import uniforms
from skybench.survey.frame import Frame

QUANTUM = 1 / 512
"""Pixels that places are rounded to, so that cutouts of any size know them to the last bit."""

_TRIES = 64
"""Places that are tried for each source."""


def nearest_place(x: Floats) -> Floats:
    """Return places rounded to `QUANTUM`."""
    return np.asarray(np.round(x / QUANTUM) * QUANTUM)


def is_free(frame: Frame, *, border: int, clearance: int) -> NDArray[np.bool_]:
    """Return where a source may go, (y, x): outside masks by a clearance, and off the border."""
    bad = maximum_filter(~frame.is_usable, size=2 * clearance + 1, mode="nearest")
    free = np.zeros(frame.shape, np.bool_)
    inside = tuple(slice(border, length - border) for length in frame.shape)
    free[inside] = ~bad[inside]
    return free


def random_places(
    frame: Frame,
    count: int,
    *,
    seed: int = 0,
    separation: float = 0.0,
    border: int = 0,
    clearance: int = 3,
) -> Floats:
    """Return x and y of so many places on a frame, (2, count), evenly drawn from the free pixels.

    The first places stay where more are asked for.

    Parameters
    ----------
    frame : Frame
    count : int
    seed : int
        With the frame's name it decides the places.
    separation : float
        Pixels between any two, at least.
    border : int
        Pixels of the border that are left out.
    clearance : int
        Pixels about a masked one that are left out.

    Raises
    ------
    ParameterError
        There is not so much room.
    """
    free = np.flatnonzero(is_free(frame, border=border, clearance=clearance))
    if not free.size:
        msg = (
            f"{frame.name} has no free pixel: masks with {clearance} pixels about them and a "
            f"border of {border} take all {frame.shape[1]}x{frame.shape[0]}."
        )
        raise ParameterError(msg)
    tried = count * _TRIES if separation > 0 else count
    which, dx, dy = (uniforms(seed, f"places.{frame.name}.{key}", 0, tried) for key in "ixy")
    y, x = np.divmod(free[(which * free.size).astype(np.int64)], frame.shape[1])
    places = np.stack([nearest_place(x + dx - 0.5), nearest_place(y + dy - 0.5)])
    kept = _apart(places, separation, count)
    if kept.size < count:
        msg = (
            f"{frame.name} has room for {kept.size} sources {separation:g} pixels apart, not "
            f"{count}; lower count or separation."
        )
        raise ParameterError(msg)
    return np.asarray(places[:, kept])


def _apart(places: Floats, separation: float, count: int) -> NDArray[np.intp]:
    """Return the first places of which each is apart from those before, at most so many."""
    if separation <= 0:
        return np.arange(count)
    cells: dict[tuple[int, int], list[int]] = {}
    kept: list[int] = []
    for number, (x, y) in enumerate(places.T.tolist()):
        i, j = int(x // separation), int(y // separation)
        near = [o for a in (-1, 0, 1) for b in (-1, 0, 1) for o in cells.get((i + a, j + b), [])]
        if all(np.hypot(places[0, o] - x, places[1, o] - y) >= separation for o in near):
            cells.setdefault((i, j), []).append(number)
            kept.append(number)
            if len(kept) == count:
                break
    return np.array(kept, dtype=np.intp)
