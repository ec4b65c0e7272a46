"""Maps of the sphere, against healpy; cubes of halos, against their field alone."""

import numpy as np

from harness import Work, row

NSIDE = 64
LMAX = 2 * NSIDE
SPECTRUM = 1 / (1 + np.arange(LMAX + 1.0)) ** 2


@row(
    "random field nside 64, lmax 128, drawn and transformed",
    peer="healpy synfast",
    items=64,
    limit=1e-10,
    note="no bar: healpy's transform is libsharp, compiled and vectorised by hand.",
)
def field(items):
    """Draw coefficients with a spectrum and transform them, whole maps in RING order."""
    from skybench.generators.sphere import harmonics, sphere_field

    spectra, no_beam = np.tile(SPECTRUM, (items, 1)), np.zeros(items)

    def coefficients():
        unit = sphere_field.unit_coefficients(1, np.arange(items), LMAX)
        return sphere_field.coefficients(unit, spectra, no_beam, LMAX)

    def ours():
        harmonics.synthesis(coefficients(), NSIDE, LMAX)
        return items

    def peer():
        import healpy

        for _ in range(items):
            healpy.synfast(SPECTRUM, NSIDE, lmax=LMAX)
        return items

    def error():
        import healpy

        some = coefficients()[:4]
        truth = np.array([healpy.alm2map(c, NSIDE, lmax=LMAX) for c in some])
        return np.abs(harmonics.synthesis(some, NSIDE, LMAX) - truth).max() / np.abs(truth).max()

    def floor():
        sphere_field.unit_coefficients(1, np.arange(items), LMAX)
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
