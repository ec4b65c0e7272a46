import numpy as np
import pytest
from survey_frames import make_frame, make_galaxies

import skybench
from skybench.errors import ParameterError
from skybench.generators import Sersic
from skybench.survey.frame import Frame
from skybench.survey.inject import inject

ONE = {
    "magnitude": [20.0],
    "half_light_radius": [3.0],
    "sersic_index": [1.0],
    "axis_ratio": [0.6],
    "position_angle": [30.0],
    "x": [60.25],
    "y": [80.5],
}


def test_the_light_is_the_objects_own(frame):
    made = inject(make_frame(bands=("r",)), catalogue=ONE)
    # 28 mag is a count, which has 4 electrons.
    galaxy = Sersic(
        flux=4 * 10 ** (0.4 * (28 - 20)),
        half_light_radius=3,
        sersic_index=1,
        axis_ratio=0.6,
        position_angle=30,
        x=60.25,
        y=80.5,
        fwhm=4,
        beta=3,
    )
    truth = galaxy.render((200, 200)).values
    np.testing.assert_allclose(made.light[0], truth, atol=1e-3 * truth.max())
    assert made.light.min() >= 0


def test_added_counts_are_poisson_numbers_over_the_gain(frame, galaxies):
    made = inject(frame, catalogue=galaxies, separation=30, border=30)
    added = (made.image.astype(np.float64) - frame.image) * 4
    # float32 of 300 counts keeps 3e-5, times 4.
    np.testing.assert_allclose(added, np.round(added), atol=4e-4)
    lit = made.light > 5
    chi2 = ((added - made.light)[lit] ** 2 / made.light[lit]).mean()
    # The variance of chi^2 / pixel is 2 / pixels, and a little more for Poisson numbers.
    assert abs(chi2 - 1) < 4 * np.sqrt(2.3 / lit.sum())


def test_ivar_gains_the_variance_of_the_added_counts_and_keeps_zeros(frame, galaxies):
    made = inject(frame, catalogue=galaxies, separation=30)
    variance = made.light / 4.0**2
    there = frame.ivar > 0
    expected = 1 / (1 / frame.ivar[there] + variance[there])
    np.testing.assert_allclose(made.ivar[there], expected, rtol=1e-6)
    assert (made.ivar[~there] == 0).all()
    untouched = made.light == 0
    assert (made.ivar[untouched] == frame.ivar[untouched]).all()
    assert (made.image[untouched] == frame.image[untouched]).all()


def test_what_a_source_adds_depends_on_no_other(frame, galaxies):
    several = inject(frame, catalogue=galaxies, separation=60)
    alone = inject(frame, catalogue={k: v[:1] for k, v in galaxies.items()}, separation=60)
    x, y = (int(several.sources[f"frame_{a}"][0]) for a in "xy")
    near = (slice(None), slice(max(0, y - 15), y + 15), slice(max(0, x - 15), x + 15))
    np.testing.assert_array_equal(several.image[near], alone.image[near])


def test_random_places_are_outside_masks_and_apart(frame, galaxies):
    made = inject(frame, catalogue=galaxies, count=40, separation=12, clearance=3, seed=5)
    x, y = (made.sources[f"frame_{a}"].values for a in "xy")
    for dx in (-3, 3):
        for dy in (-3, 3):
            at = [np.clip(np.round(v + d).astype(int), 0, 199) for v, d in ((y, dy), (x, dx))]
            assert frame.is_usable[tuple(at)].all()
    apart = np.hypot(x - x[:, None], y - y[:, None])[~np.eye(40, dtype=bool)]
    assert apart.min() >= 12


def test_seeds_are_other_places_and_noise(frame, galaxies):
    made = [inject(frame, catalogue=galaxies, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(made[0].image, made[1].image)
    assert (made[0].sources.frame_x != made[2].sources.frame_x).all()


def test_given_places_on_masks_are_left_out():
    catalogue = {name: [value[0]] * 3 for name, value in ONE.items()}
    catalogue |= {"x": [20.0, 60.0, -30.0], "y": [20.0, 60.0, 60.0]}  # masked, free, off the frame
    made = inject(make_frame(bands=("r",)), catalogue=catalogue)
    assert made.sources.population_row.values.tolist() == [1]


def far_light(x, y):
    """Return what of a Sersic galaxy's light is at places far from it, its flux being 1.

    A sum over its points of the Moffat's surface: n = 1, 3 pixels, q = 0.6, 30 degrees.
    """
    grid = np.arange(-30, 30.1, 0.5)
    u, v = grid, grid[:, None]
    major, minor = (np.cos(t) * u + np.sin(t) * v for t in np.deg2rad([30.0, 120.0]))
    points = np.exp(-1.67835 * np.hypot(major, minor / 0.6) / 3)  # b of n = 1
    a = 4 / 2 / np.sqrt(2 ** (1 / 3) - 1)
    far = (x[:, None, None] - u) ** 2 + (y[:, None, None] - v) ** 2
    seen = (2 / (np.pi * a**2) * (1 + far / a**2) ** -3 * points).sum(axis=(1, 2))
    return seen / points.sum()


def test_a_bright_source_is_drawn_as_far_as_it_is_seen():
    frame = make_frame(bands=("r",))
    made = inject(frame, catalogue=ONE | {"magnitude": [10.0]})
    ys, xs = np.mgrid[0:200:5, 0:200:5].reshape(2, -1)
    x, y = xs - 60.25, ys - 80.5
    away = np.hypot(x, y) > 25
    truth = 4 * 10 ** (0.4 * 18) * far_light(x[away], y[away])
    light = made.light[0, ys[away], xs[away]]
    # The waves of the frequency at which transforms are cut off are 3e-6 of the peak, other ones
    # on stamps of another side; and what is below a twentieth of the noise, 5 counts of 4
    # electrons each, is left out.
    assert np.abs(light - truth).max() < 3e-6 * made.light.max() + 1
    # The patch that is tried first ends 32 pixels from the source.
    beyond = (np.hypot(x, y)[away] > 46) & (truth > 5e-7 * made.light.max())
    assert beyond.sum() > 10
    assert (light[beyond] > truth[beyond] / 2).all()


def test_a_recipe_is_injected_at_its_brightness_and_scale():
    frame = make_frame(bands=("image",), zeropoint=25.0, gain=2.0, pixel_scale_arcsec=0.52)
    recipe = skybench.load_recipe("sky")
    made = inject(frame, catalogue=recipe, count=5, seed=1)
    own = skybench.generate(recipe, 5, decode=False)
    scale = recipe.image.pixel_scale_arcsec / 0.52
    gain = 10 ** (0.4 * (25 + 2.5 * np.log10(2) - recipe.image.zeropoint))
    flux = own.flux.values * gain
    np.testing.assert_allclose(made.sources.flux_band.values[..., 0], flux, rtol=1e-4)
    size = own.half_light_radius.values * scale
    np.testing.assert_allclose(made.sources.half_light_radius.values, size, rtol=1e-4)


@pytest.mark.parametrize("psf", [{"profile": "kolmogorov"}, {"spikes": {}}])
def test_sources_of_a_recipe_are_seen_through_the_frames_psf(psf):
    frame = make_frame(bands=("image",), psf=6.0)
    plain = skybench.load_recipe("sky", changes={"psf.fwhm": 3})
    other = skybench.load_recipe(plain, changes={f"psf.{k}": v for k, v in psf.items()})
    first, second = (inject(frame, catalogue=one, count=3) for one in (plain, other))
    np.testing.assert_array_equal(first.light, second.light)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ra": [1.0], "dec": [2.0]}, "no WCS"),
        ({"magnitude": [np.nan]}, "magnitude of the catalogue must be of numbers"),
        ({"axis_ratio": [1.4]}, "axis_ratio must be in"),
        ({"profile": ["sersik"]}, "did you mean 'sersic'"),
    ],
)
def test_a_wrong_catalogue_is_told(change, said):
    catalogue = {k: v for k, v in ONE.items() if k not in "xy"} | change
    with pytest.raises(ParameterError, match=said):
        inject(make_frame(bands=("r",)), catalogue=catalogue)


def test_missing_columns_and_bands_are_told(frame):
    with pytest.raises(ParameterError, match="name the column of each, like magnitude_g"):
        inject(frame, catalogue=ONE)
    with pytest.raises(ParameterError, match="lacks sersic_index"):
        inject(make_frame(bands=("r",)), catalogue={"magnitude": [20], "half_light_radius": [2.0]})


def test_no_room_is_told(frame, galaxies):
    with pytest.raises(ParameterError, match="room for"):
        inject(frame, catalogue=galaxies, count=500, separation=50)
    assert make_galaxies()


GOOD = {"ivar": np.ones((20, 20)), "psf": 3.0, "zeropoint": 25.0, "gain": 1.0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ivar": np.ones((20, 21))}, "ivar has shape"),
        ({"ivar": None}, "give ivar or variance"),
        ({"ivar": -np.ones((20, 20))}, "ivar must be 0 or more"),
        ({"mask": np.ones((20, 20), int)}, "every pixel is masked"),
        ({"psf": np.ones((9, 9))}, "not normalised: its pixels sum to 81"),
        ({"psf": np.full((9, 9), np.nan)}, "values that are no numbers"),
        ({"psf": None}, "give the psf"),
        ({"psf": 0.01}, "psf_fwhm must be in"),
        ({"gain": None}, "gain must be electrons a count"),
        ({"gain": 0.0}, "gain must be above 0"),
        ({"zeropoint": "AB"}, "zeropoint must be"),
    ],
)
def test_a_wrong_frame_is_told(change, said):
    with pytest.raises(ParameterError, match=said):
        Frame.of(np.zeros((20, 20)), **GOOD | change)


def test_a_pixel_without_value_needs_to_be_without_weight():
    image = np.zeros((20, 20))
    image[3, 4] = np.nan
    with pytest.raises(ParameterError, match="pixel x 4, y 3 of plane 0 is nan, but has weight"):
        Frame.of(image, **GOOD)
    ivar = np.ones((20, 20))
    ivar[3, 4] = 0
    assert np.isfinite(Frame.of(image, **GOOD | {"ivar": ivar}).image).all()


def test_variance_is_as_good_as_ivar():
    variance = np.full((20, 20), 4.0)
    variance[0, 0] = 0
    made = Frame.of(np.zeros((20, 20)), **GOOD | {"ivar": None}, variance=variance)
    assert made.ivar[0, 0, 0] == 0
    assert (made.ivar[0, 1:] == 0.25).all()


def test_a_recipe_of_bands_goes_into_frames_of_bands():
    recipe = skybench.load_recipe("sky", changes={"image.bands": ["g", "r", "z"]})
    frame = make_frame(zeropoint=[27.0, 28.0], pixel_scale_arcsec=None)
    made = inject(frame, catalogue=recipe, count=4, separation=30)
    own = skybench.generate(recipe, 4, decode=False).flux_band.values[..., :2]
    gain = 10 ** (0.4 * (frame.electron_zeropoint - recipe.image.zeropoint))
    np.testing.assert_allclose(made.sources.flux_band.values, own * gain, rtol=1e-4)
    with pytest.raises(
        ParameterError, match="has the band i; the bands of sky_changed are g, r, z"
    ):
        inject(make_frame(bands=("i",)), catalogue=recipe, count=1)
