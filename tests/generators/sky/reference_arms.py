"""The light of discs with arms by the formula, at many points: what `arms.transform` must give.

Slow and plain: no harmonic, no Bessel function, no table. Points lie on circles in the planes of
the discs, evenly in ln r and in azimuth; each is laid on a fine periodic lattice of the sky by a
cubic B-spline, whose transform is divided out.
"""

import numpy as np
from scipy.special import ive

B = 1.6783469900166605
INNERMOST, FARTHEST = 0.02, 8.0
OVERSAMPLING = 4


def pattern(wave, radius, azimuth):
    """Return c (exp(s cos x) / I0(s) - 1) of one pattern, at points of the plane of the disc."""
    if wave.logarithmic:
        phase = -wave.winding * np.log(radius)
    else:
        phase = 2 * wave.winding * np.arctan(np.exp(wave.scale / radius) / wave.bulge_ratio)
    x = wave.number * (azimuth + phase) + wave.angle
    mean = ive(0, wave.sharpness)
    return wave.contrast * (np.exp(wave.sharpness * (np.cos(x) - 1)) / mean - 1)


def transform(sources, waves, amount, smooth, on, rest, *, radii=1500, azimuths=192):
    """Return what `arms.transform` does, by sums over points of each disc."""
    result = rest.astype(np.complex128)
    for one in range(len(amount)):
        galaxy = {name: values[one] for name, values in sources.items()}
        own = [
            type(waves)(*numbers) for numbers in zip(*(part[one] for part in waves), strict=True)
        ]
        result[one] += amount[one] * moved(galaxy, own, on, radii, azimuths)
        result[one] += smooth[one] * exponential(galaxy, on)
    return result if (waves.number % 2).any() else result.real


def moved(galaxy, waves, on, radii, azimuths):
    """Return the transform of what the patterns of one galaxy move."""
    step = np.log(FARTHEST / INNERMOST) / radii
    radius = INNERMOST * np.exp(step * (np.arange(radii) + 0.5))[:, None]
    azimuth = 2 * np.pi / azimuths * np.arange(azimuths)
    disc = B**2 / (2 * np.pi) * np.exp(-B * radius) * (1 - np.exp(-((radius / 0.4) ** 4)))
    light = disc * sum(pattern(wave, radius, azimuth) for wave in waves)
    light *= radius**2 * step * 2 * np.pi / azimuths
    return on_lattice(*on_sky(galaxy, radius, azimuth), light, on)


def on_sky(galaxy, radius, azimuth):
    major = galaxy["half_light_radius"] * radius * np.cos(azimuth)
    minor = galaxy["half_light_radius"] * radius * np.sin(azimuth)
    minor = minor * galaxy["axis_ratio"] * galaxy["arm_handedness"]
    angle = np.deg2rad(galaxy["position_angle"])
    return (
        np.cos(angle) * major - np.sin(angle) * minor,
        np.sin(angle) * major + np.cos(angle) * minor,
    )


def on_lattice(x, y, light, on):
    """Return the sums of light exp(-i (kx x + ky y)) over points."""
    last = on.kx.size - 1
    cells = max(OVERSAMPLING * 2 * last, 64)
    unit = cells / on.size
    column, row = np.floor(x * unit), np.floor(y * unit)
    lattice = np.zeros(cells * cells)
    for i, wx in enumerate(spline(x * unit - column)):
        for j, wy in enumerate(spline(y * unit - row)):
            cell = ((row + j - 1) % cells) * cells + (column + i - 1) % cells
            lattice += np.bincount(
                cell.ravel().astype(int), (light * wx * wy).ravel(), minlength=cells * cells
            )
    whole = np.fft.fft2(lattice.reshape(cells, cells))
    k = np.arange(-last, last + 1)
    whole = np.fft.ifftshift(np.fft.fftshift(whole)[cells // 2 + k][:, cells // 2 + k[last:]], 0)
    weight = np.sinc(np.fft.ifftshift(k) / cells) ** 4
    return whole / (weight[:, None] * weight[: last + 1])


def spline(f):
    """Return the weights of the four cells about a point, by a cubic B-spline."""
    g = 1 - f
    return g**3 / 6, 2 / 3 - f**2 * (1 - f / 2), 2 / 3 - g**2 * (1 - g / 2), f**3 / 6


def exponential(galaxy, on):
    """Return the transform of the smooth disc, of unit flux."""
    angle = np.deg2rad(galaxy["position_angle"])
    ky = on.ky[:, None]
    major = np.cos(angle) * on.kx + np.sin(angle) * ky
    minor = galaxy["axis_ratio"] * (np.cos(angle) * ky - np.sin(angle) * on.kx)
    length = galaxy["half_light_radius"] / B
    return (1 + length**2 * (major**2 + minor**2)) ** -1.5
