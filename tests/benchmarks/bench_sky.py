"""Sky images in memory: parameters, light and noise, against GalSim."""

import numpy as np

from harness import Work, row

SIDE = 256
SOURCES = 10


INDICES = (1.0, 2.5, 4.0)
"""Few, for GalSim keeps its tables of an index; with a continuous one it is ten times slower."""


def recipe():
    """Return the recipe of ten stars and galaxies on 256x256."""
    from skybench.generators.recipe_file import load_recipe

    packaged = load_recipe("sky")
    fields = packaged.model_dump(mode="json")
    fields["image"]["shape"] = [SIDE, SIDE]
    fields["scene"] = {"count": SOURCES, "placement": {"margin": 10}}
    del fields["sources"]["spiral"], fields["classes"]["spiral"]
    indices = {"distribution": "choice", "values": INDICES}
    fields["sources"]["elliptical"]["sersic_index"] = indices
    return type(packaged).model_validate(fields)


@row(
    "sky 256x256, 10 sources, Poisson and read noise",
    peer="GalSim, default accuracy",
    needed=8,
    floor_limit=2,
    items=64,
    note="""Drawn 64 at once, as a build draws images of this size (`Layout.pieces`); of eight,
    planning in Python takes a sixth more of the time.""",
)
def sky(items):
    """Stars and Sersic galaxies under one Moffat an image, parameters drawn by ours."""
    from skybench.generators.generate import generate_as_stored

    fields = recipe()
    samples = _plain(generate_as_stored(fields, 0, items))

    def ours():
        generate_as_stored(fields, 0, items)
        return items

    def peer():
        import galsim

        random = galsim.BaseDeviate(1)
        for sample in samples:
            _observe(galsim, sample, random)
        return items

    def error():
        import galsim

        from skybench.generators.sky.source_light import expected

        ours = expected(generate_as_stored(fields, 0, 1), fields.image.shape)[0]
        tight = galsim.GSParams(
            folding_threshold=1e-4, maxk_threshold=1e-4, kvalue_accuracy=1e-6, maximum_fft_size=8192
        )
        truth = _draw(galsim, samples[0], _draw_wide, tight).array
        return np.abs(ours - truth).max() / truth.max()

    return Work(ours=ours, peer=peer, error=error, floor=numpy_noise(fields, items))


@row(
    "noise 64x64, Poisson and read noise",
    peer="numpy's generators",
    needed=3,
    items=400,
    note="""One kernel against numpy's Poisson and normal numbers by Philox, rounding left out.""",
)
def noise(items):
    """Observe the light of images whose pixels hold 100 to 200 electrons with the sky."""
    import xarray as xr

    from skybench.generators.sky.noise import Noise, observe

    side, sky, read = 64, 100.0, 5.0
    light = np.random.default_rng(0).uniform(0, 100, (items, side, side))
    levels = {"sky_level": np.full(items, sky), "read_noise": np.full(items, read)}
    levels["sample_id"] = np.arange(items)
    parameters = xr.Dataset(coords={name: ("sample", v) for name, v in levels.items()})
    random = np.random.Generator(np.random.Philox(0))

    def ours():
        observe(light, parameters, Noise(), 0)
        return items

    def peer():
        for image in light:
            random.poisson(image + sky) + read * random.standard_normal(image.shape)
        return items

    return Work(ours=ours, peer=peer)


def numpy_noise(recipe, items):
    """Return a callable that draws numpy's exact Poisson and normal numbers for the same pixels."""
    from skybench.generators.generate import generate_as_stored
    from skybench.generators.sky.source_light import expected

    samples = generate_as_stored(recipe, 0, items)
    light = np.maximum(expected(samples, recipe.image.shape), 0)
    light += samples.sky_level.values[:, None, None]
    random = np.random.Generator(np.random.Philox(0))

    def floor():
        for image in light:
            random.poisson(image)
            random.standard_normal(image.shape, dtype=np.float32)
        return items

    return floor


def _plain(images):
    """Return the parameters of each image and each of its sources as plain numbers."""
    names = [n for n, v in images.coords.items() if v.dims == ("sample",)]
    per_source = [n for n, v in images.coords.items() if v.dims == ("sample", "source")]
    return [
        {n: float(images[n].values[i]) for n in names}
        | {
            "sources": [
                {n: float(images[n].values[i, slot]) for n in per_source}
                for slot in range(images.sizes["source"])
            ]
        }
        for i in range(images.sizes["sample"])
    ]


def _observe(galsim, sample, random):
    image = _draw(galsim, sample, _draw_stamp)
    image.addNoise(
        galsim.CCDNoise(random, sky_level=sample["sky_level"], read_noise=sample["read_noise"])
    )
    return image


def _draw(galsim, sample, draw, accuracy=None):
    psf = galsim.Moffat(beta=sample["psf_beta"], fwhm=sample["psf_fwhm"], gsparams=accuracy)
    image = galsim.ImageD(galsim.BoundsI(0, SIDE - 1, 0, SIDE - 1), scale=1, init_value=0)
    for source in sample["sources"]:
        at = galsim.PositionD(source["source_x"], source["source_y"])
        draw(_light(galsim, source, psf), at, image)
    return image


def _draw_stamp(light, at, image):
    """Add a source on the stamp that GalSim chooses."""
    stamp = light.drawImage(center=at, scale=1, dtype=float)
    inside = stamp.bounds & image.bounds
    image[inside] += stamp[inside]


def _draw_wide(light, at, image):
    """Add a source on the whole image."""
    light.drawImage(image=image, center=at, add_to_image=True)


def _light(galsim, source, psf):
    if source["kind"] == 1:
        return psf.withFlux(source["flux"])
    q = source["axis_ratio"]
    galaxy = galsim.Sersic(
        n=source["sersic_index"],
        half_light_radius=source["half_light_radius"] * np.sqrt(q),
        flux=source["flux"],
        gsparams=psf.gsparams,
    ).shear(q=q, beta=source["position_angle"] * galsim.degrees)
    return galsim.Convolve(galaxy, psf)
