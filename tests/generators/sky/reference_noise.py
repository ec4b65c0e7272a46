"""The noise of native/noise.c in numpy, step by step: to be read, and compared with."""

import numpy as np
from scipy.special import ndtri

from skybench.generators import poisson
from skybench.generators.random_streams import key_of
from skybench.generators.sky.noise import normal_cells

COARSE, FINE, REST, READ, ROUND, REJECT = range(6)
USES = 4


class Pixels:
    """The random numbers of all pixels of a row."""

    def __init__(self, seed, stream, row, pixels):
        counts = -(-pixels * USES // 16)
        key = key_of(seed, f"{stream}.pixels")
        philox = np.random.Philox(key=key, counter=[row * counts, 0, 0, 0])
        words = philox.random_raw(4 * counts).astype("<u8").view("<u2")
        self.leading = words[: USES * pixels].reshape(USES, pixels)
        self._key = key_of(seed, f"{stream}.pixels.refined")[:1]
        first = np.uint64(row * pixels % 2**64)
        self._number = (np.arange(pixels, dtype="u8") + first) * np.uint64(0x9E3779B97F4A7C15)

    def splitmix(self, use, where=slice(None)):
        z = self._number[where] + self._key * np.uint64(2 * use + 1)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return z ^ z >> np.uint64(31)

    def uniforms(self, use):
        """Return uniform numbers in [0, 1) of 40 bits, which begin with the leading ones."""
        further = (self.splitmix(use) >> np.uint64(40)) * 2.0**-24
        return (self.leading[use] + further) * 2.0**-16

    def fresh(self, use, where=slice(None)):
        """Return uniform numbers in [0, 1) of 53 bits, without leading ones."""
        return (self.splitmix(use, where) >> np.uint64(11)) * 2.0**-53


def observe(light, rows, sky, read, noise, seed, stream="noise"):
    """Return (row, y, x) integers, electrons above the sky."""
    images = np.empty(light.shape, dtype=np.int32)
    for i, row in enumerate(rows):
        pixels = Pixels(seed, stream, row, light[i].size)
        images[i] = _observe(light[i].ravel(), pixels, sky[i], read[i], noise).reshape(
            light[i].shape
        )
    return images


def _observe(light, pixels, sky, read, noise):
    scale, shot = noise.scale, noise.shot and noise.scale > 0
    sigma = scale * read
    dithered = sigma < 1 and (shot or sigma > 0)
    dither = pixels.fresh(ROUND) - 0.5 if dithered else 0.0
    normal = ndtri(pixels.uniforms(READ) + 2.0**-41)
    normal = np.clip(normal, *normal_cells()[[0, -1]])
    if not shot:
        return np.rint(sigma * normal + (light + dither))
    count, whole = counts(np.maximum(light, 0) + sky, pixels), np.floor(sky)
    if scale == 1:
        return count - whole + np.rint(sigma * normal + (dither - (sky - whole)))
    return np.rint(sigma * normal + (light + scale * (count - sky - light) + dither))


def counts(mean, pixels):
    """Return Poisson counts of the means of pixels."""
    tabulated = np.where(mean < 4096, mean, 0)
    steps = np.floor(tabulated * 8).astype(int)
    count = _from_table(poisson.fine_tables(), steps % 512, pixels.uniforms(FINE))
    count += _from_table(poisson.coarse_tables(), steps // 512, pixels.uniforms(COARSE))
    count += _small(tabulated - steps / 8, pixels.uniforms(REST))
    large = np.flatnonzero(mean >= 4096)
    count = count.astype(float)
    count[large] = _rejected(mean[large], large, pixels)
    return count


def _from_table(tables, which, uniform):
    return np.searchsorted(tables.edges, which + uniform, side="right") - tables.first[which]


def _small(mean, uniform):
    term = np.exp(-mean)
    above, count = 1 - term, np.zeros(mean.size, dtype=int)
    for k in range(1, 64):
        more = (count == k - 1) & (uniform < above)
        count += more
        term = term * mean / k
        above = above - term
    return count


def _rejected(mean, where, pixels):
    found, use = np.zeros(mean.size), REJECT
    left = np.arange(mean.size)
    while left.size:
        u, v = pixels.fresh(use, where[left]) - 0.5, 1 - pixels.fresh(use + 1, where[left])
        k, accepted = _proposed(mean[left], u, v)
        found[left[accepted]] = k[accepted]
        left, use = left[~accepted], use + 2
    return found


def _proposed(mean, u, v):
    """Return counts, and whether they are taken: algorithm PTRS of Hormann (1993)."""
    b = 0.931 + 2.53 * np.sqrt(mean)
    a = -0.059 + 0.02483 * b
    left = 0.5 - np.abs(u)
    k = np.floor((2 * a / left + b) * u + mean + 0.43)
    possible = (k > mean / 2) & (k < 2 * mean) & ~((left < 0.013) & (v > left))
    at = np.where(possible, k, mean)
    d = (mean - at) / at
    chance = at * (np.log(1 + d) - d) - np.log(2 * np.pi * at) / 2
    chance -= (1 - 1 / (30 * at**2)) / (12 * at)
    bound = np.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / left**2 + b))
    inner = (left >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
    return k, inner | (possible & (bound <= chance))
