"""A network tells classes of another dataset by a mapping, without learning from any of it."""

import json

import numpy as np
import pytest
import torch
import xarray as xr

from skybench.errors import ParameterError
from skybench.learning.labelled import Origin
from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.transfer.zero_shot import zero_shot
from skybench.learning.weights_file import About, Weights


class Brightness(torch.nn.Module):
    """Calls dark images of its first class, and middling and bright ones of the others."""

    def __init__(self, planes, outputs):
        super().__init__()
        self.levels = torch.nn.Parameter(torch.arange(float(outputs)))

    def forward(self, images):
        mean = images.mean(dim=(1, 2, 3))[:, None]
        return -10 * (mean - self.levels) ** 2


NETWORK = Network(
    name="brightness",
    title="Brightness",
    model="brightness",
    reference="none",
    takes=("images",),
    build=lambda form, outputs: Brightness(form.planes, outputs),
)
UNIT = Stretch(scale=1e6, mean=0.0, deviation=1e-6)  # asinh(x / 1e6) / 1e-6 is x


def weights(planes=1):
    form = SampleForm(dims=("band", "y", "x"), shape=(planes, 4, 4))
    about = About(
        network="brightness",
        task="classification",
        outputs=3,
        form=form,
        normalisation=UNIT,
        origin=Origin(names=("dark", "middling", "bright")),
    )
    return Weights(tensors={"levels": torch.arange(3.0)}, about=about)


def target(bands=1, levels=(0, 1, 2, 2)):
    """Images of night and day: four of each level in test, and one of day that is dark."""
    level = np.repeat(np.array(levels, np.float32), 12)
    label = np.array(["night", "day", "day", "dusk"])[np.repeat([0, 1, 2, 3], 12)]
    images = level[:, None, None, None] * np.ones((bands, 4, 4), np.float32)
    split = np.tile(["train", "validation", "test"], 16)
    ds = xr.Dataset(
        {"image": (("sample", "band", "y", "x"), images)},
        {
            "sample_id": ("sample", np.arange(48)),
            "split": ("sample", split, {"flag_meanings": "train validation test"}),
            "label": ("sample", label, {"flag_meanings": "night day dusk"}),
        },
        {"task": "classification"},
    )
    return ds if bands > 1 else ds.isel(band=0)


MAPPING = {"dark": "night", "middling": "day", "bright": "day"}


def test_classes_of_the_source_stand_for_those_of_the_target(tmp_path):
    found = zero_shot(
        weights(),
        target(levels=(0, 1, 0, 2)),
        network=NETWORK,
        out=tmp_path,
        mapping=MAPPING,
        normalisation="source",
    )
    # Night is dark: right. Of day half is middling, half dark: wrong. None stands for dusk.
    assert found.samples == 12
    assert found.accuracy.value == pytest.approx(8 / 12)
    assert found.recall == {"day": 0.5, "night": 1.0}
    # Of pairs of a day and a night, half are in order and half are equal.
    assert found.auc["day"] == pytest.approx(0.75)
    assert json.loads(found.to_json())["mapping"] == MAPPING
    assert "66.7 %" in found.summary()


def test_a_network_of_one_plane_sees_the_mean_of_several(tmp_path):
    one, three = (
        zero_shot(
            weights(),
            target(bands),
            network=NETWORK,
            out=tmp_path,
            mapping=MAPPING,
            normalisation="source",
        )
        for bands in (1, 3)
    )
    assert one.recall == three.recall == {"day": 1.0, "night": 1.0}


def test_a_network_of_several_planes_sees_one_in_each(tmp_path):
    found = zero_shot(
        weights(planes=3),
        target(),
        network=NETWORK,
        out=tmp_path,
        mapping=MAPPING,
        normalisation="source",
    )
    assert found.accuracy.value == 1.0


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"drak": "night", "middling": "day"}, "dark"),
        ({"dark": "nihgt", "middling": "day"}, "night"),
        ({"dark": "night"}, "must stand for two of the target or more"),
        (None, "must stand for two of the target or more"),
    ],
)
def test_a_mapping_that_says_nothing_is_refused(tmp_path, mapping, words):
    with pytest.raises(ParameterError, match=words):
        zero_shot(weights(), target(), network=NETWORK, out=tmp_path, mapping=mapping)
