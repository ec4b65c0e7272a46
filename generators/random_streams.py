"""Counter-based random numbers: a value depends on (seed, stream, row) and on nothing else.

Philox4x64-10 (Salmon et al. 2011, SC '11, "Parallel random numbers: as easy as 1, 2, 3")
is a keyed bijection of a 256-bit counter. The key is a hash of the seed and the
stream's name, so streams are unrelated, neighbouring seeds too, and adding a
parameter moves no other. The counter is the row, so any range of rows can be drawn
without drawing those before it.
"""

from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from skybench.generators.native.library import kernel

_normal_deviates = kernel("normal_deviates")

WORDS_PER_COUNT = 4
"""One Philox counter value yields four 64-bit words."""

WORD_BITS = 16
"""Leading bits of a pixel's number for one use; four such words make a Philox word."""

_ROW_WORD = 3
_REFINING_BITS = 24
_WEYL = 0x9E3779B97F4A7C15
_TWO_53 = 2.0**-53
_BELOW_ONE = 1 - _TWO_53


@lru_cache(maxsize=4096)
def _key(seed: int, stream: str) -> NDArray[np.uint64]:
    digest = sha256(f"skybench-stream-1\0{seed}\0{stream}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)
    key.flags.writeable = False
    return key


def uniforms(seed: int, stream: str, start: int, stop: int) -> NDArray[np.float64]:
    """Return rows ``start`` to ``stop`` of a stream of uniforms in the open interval (0, 1).

    Parameters
    ----------
    seed : int
        Any integer; 0 and neighbours are as good as others.
    stream : str
        Name of the stream, such as ``sources.star.flux[0]``.
    start, stop : int
        Half-open range of rows.

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
    generator = np.random.Philox(key=_key(seed, stream), counter=[first, 0, 0, 0])
    return _open_interval(generator.random_raw(skip + stop - start)[skip:])


def _open_interval(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    values = ((words >> np.uint64(11)) + 0.5) * _TWO_53
    return np.asarray(np.minimum(values, _BELOW_ONE), dtype=np.float64)


class RowStreams:
    """One random stream per row, for draws whose number is not known beforehand.

    Pixel noise needs it: the Poisson sampler rejects. The row is the high word of
    the counter, so streams of different rows are 2**192 draws apart. Resetting the
    state of one generator costs a sixth of constructing one.

    Poisson counts come from `numpy.random.RandomState`, whose stream numpy promises
    never to change (NEP 19); `numpy.random.Generator` makes no such promise.
    """

    def __init__(self, seed: int, stream: str) -> None:
        self._key = _key(seed, stream)
        self._philox = np.random.Philox(key=self._key)
        self._state = self._philox.state
        self._sampler = np.random.RandomState(self._philox)

    def _seek(self, row: int, part: int) -> None:
        counter = np.zeros(WORDS_PER_COUNT, dtype=np.uint64)
        counter[_ROW_WORD] = row
        counter[_ROW_WORD - 1] = part
        self._state["state"]["counter"] = counter
        self._philox.state = self._state

    def poisson(self, row: int, mean: NDArray[np.float64]) -> NDArray[np.int64]:
        """Draw exact Poisson counts of the given means from the stream of one row."""
        self._seek(row, 0)
        return self._sampler.poisson(mean)

    def uniforms(self, row: int, count: int) -> NDArray[np.float64]:
        """Draw uniforms in (0, 1), unrelated to the same row's Poisson counts."""
        self._seek(row, 1)
        return _open_interval(self._philox.random_raw(count))

    def normals(self, row: int, count: int) -> NDArray[np.float64]:
        """Draw standard normal deviates, unrelated to the same row's Poisson counts.

        A deviate takes half a word, beyond 5 some bits more; the first ones stay where more are
        asked for.
        """
        counter = np.array([0, 0, 1, row], dtype=np.uint64)
        deviates = np.empty(count)
        _normal_deviates(self._key, counter, deviates)
        return deviates


class PixelWords:
    """Random numbers for each pixel of consecutive rows, some for each of several uses.

    Most draws need few bits, so a pixel has `WORD_BITS` leading bits for each use, and further
    ones are made where they are asked for: the leading ones by Philox, the further ones by
    SplitMix64 (Steele, Lea and Flood 2014, OOPSLA '14), which turns any counter into a number.
    Both depend on (seed, stream, row, pixel, use) alone.

    Parameters
    ----------
    seed, stream
        As for `uniforms`.
    first : int
        The first row.
    rows, pixels, uses : int
        How many rows, pixels in each, and uses of each pixel.

    Attributes
    ----------
    leading : (uses, rows * pixels) uint16 array
        Uniform from 0 to 65535.
    """

    def __init__(
        self, seed: int, stream: str, first: int, rows: int, pixels: int, uses: int
    ) -> None:
        per_word = 64 // WORD_BITS
        counts = -(-pixels * uses // (per_word * WORDS_PER_COUNT))
        key = _key(seed, stream)
        philox = np.random.Philox(key=key, counter=[first * counts, 0, 0, 0])
        raw = philox.random_raw(rows * counts * WORDS_PER_COUNT).astype("<u8", copy=False)
        words = raw.view("<u2").reshape(rows, -1)[:, : uses * pixels].reshape(rows, uses, pixels)
        self.leading = np.ascontiguousarray(words.swapaxes(0, 1)).reshape(uses, rows * pixels)
        self._keys = _key(seed, f"{stream}.refined")[0] * (2 * np.arange(uses, dtype="u8") + 1)
        self._origin = first * pixels

    def uniforms(self, use: int, where: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return uniforms in [0, 1) of the pixels at some places, 40 bits each."""
        number = where.astype(np.uint64)
        number += np.uint64(self._origin % 2**64)
        number *= np.uint64(_WEYL)
        number += self._keys[use]
        _mix(number)
        further = (number >> np.uint64(64 - _REFINING_BITS)) * 2.0**-_REFINING_BITS
        return np.asarray((self.leading[use][where] + further) * 2.0**-WORD_BITS)


def _mix(number: NDArray[np.uint64]) -> None:
    """Replace counters by the output function of SplitMix64."""
    number ^= number >> np.uint64(30)
    number *= np.uint64(0xBF58476D1CE4E5B9)
    number ^= number >> np.uint64(27)
    number *= np.uint64(0x94D049BB133111EB)
    number ^= number >> np.uint64(31)
