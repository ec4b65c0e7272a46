"""Single fields on the sphere: values, their spectrum and their maps."""

import copy
import pickle

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.generators import AcousticField, ConvergenceField, PowerLawField
from skybench.generators.sphere.healpix import ring_numbers

EACH = pytest.mark.parametrize("kind", [PowerLawField, AcousticField, ConvergenceField])


@EACH
def test_is_a_value(kind):
    one = kind(seed=3)
    for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one)), eval(repr(one))):
        assert twin == one
        assert hash(twin) == hash(one)
    assert kind(seed=4) != one


@EACH
def test_a_map_carries_every_parameter(kind):
    sky = kind(seed=1).render(8, fwhm=2)
    assert sky.dims == ("pixel",)
    assert sky.shape == (768,)
    assert set(sky.coords) == {*kind.defaults, "beam_fwhm"}
    assert np.isfinite(sky).all()


@EACH
def test_a_finer_map_shows_the_same_sky(kind):
    # Seen through a beam that both resolve, a pixel is the mean of the four within it, but
    # for the curvature of the field across it and the multipoles beyond 2 nside.
    coarse, fine = (
        kind(seed=2).render(nside, ordering="nested", fwhm=20).values for nside in (16, 32)
    )
    assert np.corrcoef(coarse, fine.reshape(-1, 4).mean(axis=1))[0, 1] > 0.995


def test_the_spectrum_is_that_of_the_profile():
    spectrum = PowerLawField(spectrum_amplitude=1, spectral_slope=-2).spectrum(20)
    assert float(spectrum.sel(multipole=20) / spectrum.sel(multipole=10)) == pytest.approx(0.25)
    assert float(spectrum.sel(multipole=1)) == 0


def test_nested_maps_hold_the_same_values():
    field = PowerLawField(seed=5)
    ring, nested = (field.render(4, ordering=order).values for order in ("ring", "nested"))
    assert (nested == ring[ring_numbers(4)]).all()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ParameterError, match=r"nside must be a power of two .* got 10"):
        PowerLawField().render(10)
    with pytest.raises(ParameterError, match=r"fwhm must be a finite number in \[0, 60\], got -1"):
        PowerLawField().render(8, fwhm=-1)
    with pytest.raises(ParameterError, match=r"spectral_slope must be .* got 9"):
        PowerLawField(spectral_slope=9)
    with pytest.raises(ParameterError, match="lmax must be 0 or more, got -1"):
        PowerLawField().spectrum(-1)
