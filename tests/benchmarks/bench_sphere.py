"""Maps of the sphere, against healpy; cubes of halos, against their field alone."""

import numpy as np

from harness import Work, row


def spectrum(nside):
    return 1 / (1 + np.arange(2 * nside + 1.0)) ** 2


@row(
    "random field nside 64, lmax 128, drawn and transformed",
    peer="healpy synfast",
    items=64,
    needed=1,
    limit=1e-10,
)
def field(items):
    """Draw coefficients with a spectrum and transform them, whole maps in RING order."""
    return synthesis(64, items)


@row(
    "random field nside 512, lmax 1024, drawn and transformed",
    peer="healpy synfast",
    items=2,
    needed=1,
    limit=1e-10,
)
def fine_field(items):
    """The same on three million pixels."""
    return synthesis(512, items)


def synthesis(nside, items):
    """Return the work of drawing maps from their spectrum; the floor is the coefficients."""
    from skybench.generators.sphere import harmonics, sphere_field

    lmax = 2 * nside
    spectra, no_beam = np.tile(spectrum(nside), (items, 1)), np.zeros(items)

    def coefficients():
        return sphere_field.coefficients(1, np.arange(items), spectra, no_beam, lmax)

    def ours():
        harmonics.synthesis(coefficients(), nside, lmax)
        return items

    def peer():
        import healpy

        for _ in range(items):
            healpy.synfast(spectrum(nside), nside, lmax=lmax)
        return items

    def error():
        import healpy

        some = coefficients()[:4]
        truth = np.array([healpy.alm2map(c, nside, lmax=lmax) for c in some])
        return np.abs(harmonics.synthesis(some, nside, lmax) - truth).max() / np.abs(truth).max()

    def floor():
        coefficients()
        return items

    return Work(ours=ours, peer=peer, error=error, floor=floor)


@row("halos in a 32^3 cube, 1 to 12 on a field, in memory", peer="", items=16)
def halos(items):
    """Draw whole samples; the floor is the field without halos."""
    from skybench.generators.generate import generate_as_stored
    from skybench.generators.recipe_file import load_recipe
    from skybench.generators.volume.render import fields, sample

    recipe = load_recipe("halos")
    parameters = sample(recipe, 0, items)

    def ours():
        generate_as_stored(recipe, 0, items)
        return items

    def floor():
        fields(recipe, parameters)
        return items

    return Work(ours=ours, floor=floor)
