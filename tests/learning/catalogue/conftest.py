"""Two made-up surveys of the same two kinds of images, and a network that learnt the first."""

import numpy as np
import pytest
import xarray as xr

from skybench.learning.catalogue.domain import joined, read_domain
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.protocols import Protocol
from skybench.learning.training import fit

SIDE = 12
QUICK = Protocol(
    name="quick",
    optimizer="adamw",
    learning_rate=2e-3,
    weight_decay=1e-2,
    batch_size=16,
    epochs=8,
)


def survey(seed, angles, *, gain=1.0):
    """Return bars along two directions: at 0 and 90 degrees, each turned by some of the angles."""
    rng = np.random.default_rng(seed)
    count = 400
    label = np.arange(count) % 2
    turned = np.radians(rng.uniform(*angles, count) + 90 * label)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    across = x * np.sin(turned)[:, None, None] - y * np.cos(turned)[:, None, None]
    light = 300 * np.exp(-(across**2)) + rng.normal(0, 20, (count, SIDE, SIDE))
    split = np.select([np.arange(count) < 160, np.arange(count) < 220], [0, 1], 3)
    split[np.arange(count) >= 300] = 2
    flags = {"flag_values": [0, 1], "flag_meanings": "flat upright"}
    splits = {"flag_values": [0, 1, 2, 3], "flag_meanings": "train validation test unlabelled"}
    return xr.Dataset(
        {"image": (("sample", "y", "x"), (gain * light).astype(np.int32), {"units": "electron"})},
        coords={
            "sample_id": ("sample", np.arange(count)),
            "label": ("sample", label.astype(np.int8), flags),
            "split": ("sample", split.astype(np.int8), splits),
            "turn": ("sample", np.degrees(turned) - 90 * label, {"units": "degree"}),
        },
        attrs={"task": "classification", "license": "CC-BY-4.0", "recipe": f"made{seed}"},
    )


@pytest.fixture(scope="session")
def near():
    return survey(1, (-10, 10))


@pytest.fixture(scope="session")
def far():
    """As near, but turned further than that ever was, in other units of light."""
    return survey(2, (8, 42), gain=50.0)


@pytest.fixture(scope="session")
def both(near, far):
    return joined(read_domain(near, name="near"), read_domain(far, name="far"))


@pytest.fixture(scope="session")
def teacher(both, tmp_path_factory):
    return fit(LENET5, both.labelled, QUICK, seed=0, folder=tmp_path_factory.mktemp("teacher"))
