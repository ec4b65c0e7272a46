"""Counter-based random numbers: a value depends on (seed, stream, row) and on nothing else.

Philox4x64-10 (Salmon et al. 2011, SC '11, "Parallel random numbers: as easy as 1, 2, 3")
is a keyed bijection of a 256-bit counter. The key is a hash of the seed and the
stream's name, so streams are unrelated, neighbouring seeds too, and adding a
parameter moves no other. The counter is the row, so any range of rows can be drawn
without drawing those before it.
"""

from functools import cache, lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from skybench.generators.native.library import kernel

_normal_deviates = kernel("normal_deviates")
_uniform_deviates = kernel("uniform_deviates")
_inverse_normal = kernel("inverse_normal")
_first_uniforms = kernel("first_uniforms")

WORDS_PER_COUNT = 4
"""One Philox counter value yields four 64-bit words."""

_TWO_53 = 2.0**-53
_BELOW_ONE = 1 - _TWO_53


@lru_cache(maxsize=4096)
def key_of(seed: int, stream: str) -> NDArray[np.uint64]:
    """Return the (2,) key of a stream."""
    digest = sha256(f"skybench-stream-1\0{seed}\0{stream}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)
    key.flags.writeable = False
    return key


def uniforms(
    seed: int, stream: str, start: int, stop: int, attempt: int = 0
) -> NDArray[np.float64]:
    """Return rows ``start`` to ``stop`` of a stream of uniforms in the open interval (0, 1).

    Parameters
    ----------
    seed : int
        Any integer; 0 and neighbours are as good as others.
    stream : str
        Name of the stream, such as ``sources.star.flux[0]``.
    start, stop : int
        Half-open range of rows.
    attempt : int
        What is drawn again is from a stream of its own: after the first time, 0, its name ends
        in ``.attempt1`` and so on.

    Returns
    -------
    (stop - start,) float64 array
        53 random bits and half a step, so never 0; cut below 1, where that would round up.

    Examples
    --------
    >>> whole = uniforms(0, "flux", 0, 10)
    >>> bool((uniforms(0, "flux", 3, 7) == whole[3:7]).all())
    True
    """
    first, skip = divmod(start, WORDS_PER_COUNT)
    stream = f"{stream}.attempt{attempt}" if attempt else stream
    generator = np.random.Philox(key=key_of(seed, stream), counter=[first, 0, 0, 0])
    return _open_interval(generator.random_raw(skip + stop - start)[skip:])


def first_uniforms(seeds: NDArray[np.float64], stream: str, count: int) -> NDArray[np.float64]:
    """Return the first uniforms of a stream for the whole part of each seed: (seeds, count)."""
    values = np.empty((seeds.size, count))
    if seeds.size:
        _first_uniforms(np.stack([key_of(int(seed), stream) for seed in seeds]), count, values)
    return values


def _open_interval(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    values = ((words >> np.uint64(11)) + 0.5) * _TWO_53
    return np.asarray(np.minimum(values, _BELOW_ONE), dtype=np.float64)


_OCTAVES, _CELLS_IN_OCTAVE = 32, 8

_NODES = np.array([-0.48296, -0.35355, -0.12941, 0.12941, 0.35355, 0.48296]) / _CELLS_IN_OCTAVE
"""Near the zeros of a Chebyshev polynomial on a cell of length 1/8."""


@cache
def normal_cells() -> NDArray[np.float64]:
    """Return the polynomials of ``native/deviates.h``, (cell, term), in the place in a cell.

    They are interpolated by operations that IEEE rounds in one way, and so are equal everywhere.
    """
    octave, cell = np.divmod(np.arange(_OCTAVES * _CELLS_IN_OCTAVE), _CELLS_IN_OCTAVE)
    middle = 1 + (cell + 0.5) / _CELLS_IN_OCTAVE
    share = np.ldexp(middle + _NODES[:, None], octave - 1 - 32)
    differences = np.empty_like(share)
    _inverse_normal(share, differences)
    for order in range(1, len(_NODES)):
        spans = (_NODES[order:] - _NODES[:-order])[:, None]
        differences[order:] = (differences[order:] - differences[order - 1 : -1]) / spans
    terms = np.zeros_like(share)
    for node, difference in zip(_NODES[::-1], differences[::-1], strict=True):
        terms[1:], terms[0] = terms[:-1] - node * terms[1:], difference - node * terms[0]
    return np.ascontiguousarray(-terms.T)


class RowStreams:
    """One random stream per row, for draws whose number is not known beforehand.

    The row is the high word of the counter, so streams of different rows are 2**192 draws
    apart. Kernels draw for many rows at once.
    """

    def __init__(self, seed: int, stream: str) -> None:
        self._key = key_of(seed, stream)

    def uniforms(self, row: int, count: int) -> NDArray[np.float64]:
        """Draw uniforms in (0, 1)."""
        return self.uniforms_of(np.array([row]), count).ravel()

    def uniforms_of(self, rows: NDArray[np.integer], count: int) -> NDArray[np.float64]:
        """Draw so many uniforms for each row: (row, count)."""
        drawn = np.empty((rows.size, count))
        _uniform_deviates(self._key, rows.astype(np.uint64), drawn)
        return drawn

    def normals(self, row: int, count: int) -> NDArray[np.float64]:
        """Draw standard normal deviates, of the same words as the uniforms.

        A deviate takes half a word, beyond 5 some bits more, and is right to 1e-10; the first
        ones stay where more are asked for.
        """
        return self.normals_of(np.array([row]), count).ravel()

    def normals_of(self, rows: NDArray[np.integer], count: int) -> NDArray[np.float64]:
        """Draw so many standard normal deviates for each row: (row, count)."""
        deviates = np.empty((rows.size, count))
        _normal_deviates(self._key, rows.astype(np.uint64), normal_cells(), deviates)
        return deviates
