"""Every network of the table does what it says of itself."""

import pytest
import torch

from skybench.errors import ExtensionError, ParameterError
from skybench.learning.model import build_model
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import NETWORKS, chosen_networks
from skybench.learning.sample_form import KINDS, SampleForm
from skybench.learning.stretch import Stretch

PLAIN = Stretch(scale=1, mean=0, deviation=1)


def form_for(network, planes, kind):
    side = max(network.smallest, 16)
    over = KINDS[kind]
    dims, shape = over, (side,) * len(over)
    return SampleForm(
        dims=dims if planes == 1 else ("band", *dims),
        shape=shape if planes == 1 else (planes, *shape),
    )


CASES = [
    pytest.param(network, planes, kind, id=f"{network.name}-{planes}-{kind}")
    for network in NETWORKS.values()
    for kind in network.takes
    for planes in (1, 3)
]


@pytest.mark.parametrize(("network", "planes", "kind"), CASES)
def test_every_network_answers_each_sample_once(network, planes, kind):
    form = form_for(network, planes, kind)
    assert network.refusal(form) is None
    model = build_model(network, form, 4, stretch=PLAIN, seed=0).eval()
    outputs = model(torch.zeros((2, *form.shape), dtype=torch.int32))
    assert tuple(outputs.shape) == (2, 4)
    assert network.parameter_count(form, 4) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("network", "planes", "kind"), CASES)
def test_weights_follow_the_seed_and_nothing_else(network, planes, kind):
    form = form_for(network, planes, kind)
    torch.manual_seed(11)
    before = torch.get_rng_state()
    first, same, other = (
        torch.cat([p.flatten() for p in built.parameters()])
        for built in (build_model(network, form, 2, stretch=PLAIN, seed=s) for s in (0, 0, 1))
    )
    network.parameter_count(form, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_which_half_is_bright(name):
    network = NETWORKS[name]
    form = SampleForm(dims=("y", "x"), shape=(max(network.smallest, 16),) * 2)
    model = build_model(network, form, 2, stretch=PLAIN, seed=0)
    images = torch.randn((32, *form.shape), generator=torch.Generator().manual_seed(0))
    labels = torch.arange(32) % 2
    images[labels == 1, :, : form.extent[1] // 2] += 3
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(12):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_networks_are_chosen_by_name_each_once():
    assert [n.name for n in chosen_networks(["resnet50", "resnet50"])] == ["resnet50"]
    with pytest.raises(ParameterError, match="unknown network 'resnet51'; did you mean 'resnet50'"):
        chosen_networks(["resnet51"])


def toy(**changes):
    known = {"name": "toy", "title": "Toy", "model": "toy", "reference": "", "takes": ("images",)}
    return Network(**known | {"build": lambda form, outputs: torch.nn.Flatten()} | changes)


def test_a_network_says_what_it_cannot_take():
    series = SampleForm(dims=("time",), shape=(512,))
    assert toy().refusal(series) == "it takes images, and these are series (time 512)"
    small = SampleForm(dims=("y", "x"), shape=(8, 64))
    assert toy(smallest=12).refusal(small) == (
        "it takes images of at least 12 a side, and these are images (y 8, x 64)"
    )
    assert toy(smallest=8, takes=("series", "images")).refusal(small) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "toy-paper"}, "small letters, digits and '_', got 'toy-paper'"),
        ({"takes": ("pictures",)}, "toy takes cubes, images, series, sphere maps, arrays, got"),
        ({"takes": ()}, "toy takes cubes"),
    ],
)
def test_a_network_that_is_declared_wrong_is_told(change, says):
    with pytest.raises(ExtensionError, match=says):
        toy(**change)
