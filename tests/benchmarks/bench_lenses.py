"""Strong lenses against lenstronomy, which needs the more rays a pixel the smaller the source."""

import warnings

import numpy as np

from harness import Work, row

SIDE = 64
PARAMETERS = {
    "source_x": (30.5, 32.5),
    "source_y": (30.5, 32.5),
    "einstein_radius": (6, 12),
    "axis_ratio": (0.5, 1),
    "position_angle": (0, 180),
    "shear": (0, 0.1),
    "shear_angle": (0, 180),
    "flux": (0, 0),
    "half_light_radius": (4, 4),
    "sersic_index": (4, 4),
    "lensed_offset_x": (-3, 3),
    "lensed_offset_y": (-3, 3),
    "lensed_flux": (1e3, 1e3),
    "lensed_half_light_radius": (0.4, 0.8),
    "lensed_sersic_index": (1, 1),
    "lensed_axis_ratio": (0.5, 1),
    "lensed_position_angle": (0, 180),
    "psf_beta": (6, 6),
}
NOTE = """
The source is exponential with half-light radii of 0.4 to 0.8 pixels. Rays a pixel of lenstronomy
are the fewest odd ones with which the worst of ten lenses errs by at most 1e-3 of the peak: 8e-4
with a PSF, 8e-4 without; ours err by at most 5e-4 and 2e-4.
"""


@row(
    "SIE-lensed Sersic 64x64, Moffat PSF, compact source",
    peer="lenstronomy, 9 x 9 rays a pixel",
    needed=60,
    items=256,
    note=NOTE,
)
def blurred(items):
    """Lenses with shear under a Moffat of 2.5 pixels."""
    return _work(items, fwhm=2.5, rays=9)


@row(
    "SIE-lensed Sersic 64x64, no PSF, compact source",
    peer="lenstronomy, 19 x 19 rays a pixel",
    needed=60,
    items=256,
    note=NOTE,
)
def sharp(items):
    """The same lenses, integrated over pixels alone."""
    return _work(items, fwhm=0.0, rays=19)


def lenses(items, fwhm):
    """Return the parameters of random lenses, by name."""
    random = np.random.default_rng(7)
    drawn = {name: random.uniform(*ends, items) for name, ends in PARAMETERS.items()}
    return drawn | {"psf_fwhm": np.full(items, fwhm)}


def draw(sources):
    """Return our pictures."""
    from skybench.generators.sky.lens import Lens
    from skybench.generators.sky.stamps import add

    count = sources["psf_fwhm"].size
    images = np.zeros((count, SIDE, SIDE))
    add(images, np.arange(count), Lens.draw(sources, (SIDE, SIDE)))
    return images


def _work(items, fwhm, rays):
    sources = lenses(items, fwhm)
    few = min(items, 4)

    def ours():
        draw(sources)
        return items

    def peer():
        for one in range(few):
            picture(*prepared[one])
        return few

    def error():
        some = {name: values[:few] for name, values in sources.items()}
        images, worst = draw(some), 0.0
        for one in range(few):
            reference = picture(*lenstronomy_model(some, one, rays + 10))
            worst = max(worst, np.abs(images[one] - reference).max() / reference.max())
        return worst

    prepared = [lenstronomy_model(sources, one, rays) for one in range(few)]
    return Work(ours=ours, peer=peer, error=error)


def picture(model, arguments):
    """Return its picture; the way in which it calls numpy is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return model.image(*arguments)


def lenstronomy_model(sources, one, rays):
    """Return its model of a picture, and what its ``image`` takes."""
    from lenstronomy.Data.pixel_grid import PixelGrid
    from lenstronomy.ImSim.image_model import ImageModel
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.LightModel.light_model import LightModel
    from lenstronomy.Util.param_util import shear_polar2cartesian

    lens = {name: float(values[one]) for name, values in sources.items()}
    angle = np.deg2rad(lens["shear_angle"])
    gamma1, gamma2 = shear_polar2cartesian(angle, lens["shear"])
    mass = {"theta_E": lens["einstein_radius"], **_ellipticity(lens, "")}
    numerics = {"supersampling_factor": rays}
    if lens["psf_fwhm"]:
        numerics |= {"supersampling_convolution": True, "supersampling_kernel_size": None}
    corner = {"ra_at_xy_0": -lens["source_x"], "dec_at_xy_0": -lens["source_y"]}
    model = ImageModel(
        PixelGrid(SIDE, SIDE, np.eye(2), **corner),
        _psf(lens, rays),
        LensModel(["SIE", "SHEAR"]),
        LightModel(["SERSIC_ELLIPSE"]),
        kwargs_numerics=numerics,
    )
    return model, ([mass, {"gamma1": gamma1, "gamma2": gamma2}], [_galaxy(lens)], None, None)


def _ellipticity(lens, prefix):
    from lenstronomy.Util.param_util import phi_q2_ellipticity

    angle = np.deg2rad(lens[f"{prefix}position_angle"])
    e1, e2 = phi_q2_ellipticity(angle, lens[f"{prefix}axis_ratio"])
    return {"e1": e1, "e2": e2}


def _galaxy(lens):
    """Return the galaxy in its conventions: b_n approximated, the radius that of a circle."""
    from skybench.generators.sky import sersic_profile

    index = lens["lensed_sersic_index"]
    radius = lens["lensed_half_light_radius"] * np.sqrt(lens["lensed_axis_ratio"])
    b, theirs = float(sersic_profile.b_n(index)), 1.9992 * index - 0.3271
    central = float(sersic_profile.surface_brightness(np.zeros(()), np.asarray(index))) / radius**2
    return {
        "amp": lens["lensed_flux"] * central * np.exp(-theirs),
        "R_sersic": radius * (theirs / b) ** index,
        "n_sersic": index,
        "center_x": lens["lensed_offset_x"],
        "center_y": lens["lensed_offset_y"],
        **_ellipticity(lens, "lensed_"),
    }


def _psf(lens, rays, parts=3):
    """Return its PSF, each fraction of a pixel integrated by parts x parts points."""
    from lenstronomy.Data.psf import PSF

    if not lens["psf_fwhm"]:
        return PSF("NONE")
    side = 24 * rays + 1
    lag = (np.arange(side * parts) - (side * parts - 1) / 2) / (rays * parts)
    a = lens["psf_fwhm"] / (2 * np.sqrt(2 ** (1 / lens["psf_beta"]) - 1))
    kernel = (1 + (lag**2 + lag[:, None] ** 2) / a**2) ** -lens["psf_beta"]
    kernel = kernel.reshape(side, parts, side, parts).sum(axis=(1, 3))
    return PSF(
        "PIXEL", kernel_point_source=kernel / kernel.sum(), point_source_supersampling_factor=rays
    )
