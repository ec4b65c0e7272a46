"""Transits against batman, points counted over all light curves."""

import numpy as np

from harness import Work, row

POINTS = 1000
PERIOD = 5.0


@row(
    "transits of 1000 points, quadratic limb darkening, circular orbit",
    peer="batman",
    items=64,
    needed=1,
    limit=1e-7,
    note="""
    A seventh of the points is in transit here. Both take the closed form; batman has the distances
    of both bodies from its model of the orbit, ours computes them. The error is batman's own.
    """,
)
def transits(items):
    """A day around mid-transit, a planet for each curve; batman keeps its model of the orbit."""
    from skybench.generators.series.light_curve.transit import Transit

    random = np.random.default_rng(0)
    times = np.linspace(-0.5, 0.5, POINTS)
    stars = {
        "period": np.full((items, 1), PERIOD),
        "epoch": np.zeros((items, 1)),
        "radius_ratio": random.uniform(0.05, 0.15, (items, 1)),
        "semi_major_axis_ratio": random.uniform(8, 15, (items, 1)),
        "impact_parameter": random.uniform(0, 0.8, (items, 1)),
        "limb_darkening_u1": random.uniform(0.2, 0.5, (items, 1)),
        "limb_darkening_u2": random.uniform(0.1, 0.4, (items, 1)),
    }
    on = np.broadcast_to(times, (items, POINTS))

    def ours():
        Transit.relative_flux(stars, on)
        return items

    def theirs(which):
        import batman

        model = batman.TransitParams()
        one = {name: float(values[which, 0]) for name, values in stars.items()}
        model.t0, model.per, model.ecc, model.w = 0.0, PERIOD, 0.0, 90.0
        model.rp, model.a = one["radius_ratio"], one["semi_major_axis_ratio"]
        model.inc = np.rad2deg(np.arccos(one["impact_parameter"] / model.a))
        model.u = [one["limb_darkening_u1"], one["limb_darkening_u2"]]
        model.limb_dark = "quadratic"
        return batman.TransitModel(model, times), model

    prepared = []

    def peer():
        if not prepared:
            prepared.extend(theirs(which) for which in range(items))
        for transits, model in prepared:
            transits.light_curve(model)
        return items

    def error():
        flux = Transit.relative_flux(stars, on)
        known = np.array([m.light_curve(p) for m, p in (theirs(i) for i in range(items))])
        return np.abs(flux - known).max()

    return Work(ours=ours, peer=peer, error=error)


@row("lightcurves, 512 points, as stored in memory", peer="generator 2", needed=3, items=1000)
def whole_samples(items):
    """Draw parameters, instants, light and noise of the packaged recipe, as they are stored."""
    from generator_2_peer import generator_2_recipe

    from skybench.generators.generate import generate_as_stored
    from skybench.generators.recipe_file import load_recipe

    recipe = load_recipe("lightcurves")

    def ours():
        generate_as_stored(recipe, 0, items)
        return items

    return Work(ours=ours, peer=lambda: generator_2_recipe("lightcurves", items))
