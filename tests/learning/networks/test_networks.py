"""Every network of the table does what it says of itself."""

from functools import partial

import pytest
import torch
import torchvision

from skybench.errors import ExtensionError, ParameterError
from skybench.learning.model import build_model
from skybench.learning.networks.network import OF_SAMPLES, Network
from skybench.learning.networks.table import NETWORKS, chosen_networks, network_named
from skybench.learning.sample_form import KINDS, SampleForm
from skybench.learning.stretch import Stretch

PLAIN = Stretch(scale=1, mean=0, deviation=1)


SIDES = {"deepsphere": 48}


def form_for(network, planes, kind, side):
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
    for planes in ((6,) if network.name == "vgg16" else (1, 3, 6))
]


@pytest.mark.parametrize(("network", "planes", "kind"), CASES)
def test_the_smallest_samples_are_answered_and_learnt_from(network, planes, kind):
    form = form_for(network, planes, kind, network.smallest)
    assert network.refusal(form) is None
    model = build_model(network, form, 4, stretch=PLAIN, seed=0)
    samples = torch.randn((4, *form.shape), generator=torch.Generator().manual_seed(1))
    outputs = model(samples)
    whole = (4, 4) if network.answers == OF_SAMPLES else (4, 4, *form.extent)
    assert tuple(outputs.shape) == whole
    assert outputs.isfinite().all()
    outputs.sum().backward()
    gradients = {name: p.grad for name, p in model.network.named_parameters()}
    assert all(gradient.isfinite().all() for gradient in gradients.values())
    assert any(gradients[n].any() for n in gradients if n.startswith(network.head))
    assert network.parameter_count(form, 4) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("network", [n for n in NETWORKS.values() if n.smallest > 1])
def test_smaller_ones_are_refused_and_fail(network):
    (kind,) = network.takes
    side = network.smallest - 1
    form = form_for(network, 1, kind, side)
    assert f"at least {network.smallest} a side" in network.refusal(form)
    # Layers without a weight are warned of, where they would not fail.
    with pytest.raises((RuntimeError, ValueError, UserWarning)):
        network.build(form, 2)(torch.zeros((2, 1, *form.extent)))


@pytest.mark.parametrize("network", NETWORKS.values(), ids=lambda n: n.name)
def test_its_first_and_last_layers_are_those_of_its_planes_and_outputs(network):
    def shapes(planes, outputs):
        form = form_for(network, planes, network.takes[0], network.smallest)
        with torch.device("meta"):
            state = network.build(form, outputs).state_dict()
        return {name: value.shape for name, value in state.items()}

    few, planes, outputs = shapes(2, 3), shapes(5, 3), shapes(2, 7)
    changed_by = ((planes, network.stem), (outputs, network.head))
    for others, end in changed_by:
        changed = {name for name in few if few[name] != others[name]}
        assert changed
        assert all(name == end or name.startswith(f"{end}.") for name in changed)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=lambda n: n.name)
def test_weights_follow_the_seed_and_nothing_else(network):
    form = form_for(network, 1, network.takes[0], network.smallest)
    torch.manual_seed(11)
    before = torch.get_rng_state()
    first, same, other = (
        build_model(network, form, 2, stretch=PLAIN, seed=seed).state_dict() for seed in (0, 0, 1)
    )
    network.parameter_count(form, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


SLOW = {"inception_v3", "vgg16", "vit_tiny"}
"""What takes more steps, or longer ones, than a test has time for."""

LEARNERS = [n for n in NETWORKS.values() if n.name not in SLOW]


@pytest.mark.parametrize("network", LEARNERS, ids=lambda n: n.name)
def test_every_network_learns_which_half_is_bright(network):
    (kind,) = network.takes
    form = form_for(network, 1, kind, SIDES.get(network.name, max(network.smallest, 16)))
    model = build_model(network, form, 2, stretch=PLAIN, seed=0)
    samples = torch.randn((32, *form.shape), generator=torch.Generator().manual_seed(0))
    labels = torch.arange(32) % 2
    samples[labels == 1, ..., : form.extent[-1] // 2] += 3
    per_pixel = network.answers != OF_SAMPLES
    targets = labels.view(-1, 1, 1).expand(32, *form.extent) if per_pixel else labels
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(12):
        loss = torch.nn.functional.cross_entropy(model(samples), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


PUBLISHED = {
    "resnet50": (224, 25_557_032),  # torchvision's pages
    "resnet18": (224, 11_689_512),
    "vgg16": (224, 138_357_544),
    "xception": (224, 22_855_952),  # Chollet 2017, table 3
    # torchvision's 27,161,264 with the auxiliary classifier: a convolution of 768 to 128 and one
    # of 128 to 768 and 5 x 5, each with two numbers a map of its normalisation, and 769 x 1000.
    "inception_v3": (
        299,
        27_161_264 - 768 * 128 - 128 * 768 * 25 - 2 * (128 + 768) - 769 * 1000,
    ),
    "vit_tiny": (224, 5_717_416),  # DeiT-Ti
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_networks_of_papers_have_their_numbers_of_parameters(name):
    side, parameters = PUBLISHED[name]
    form = form_for(NETWORKS[name], 3, "images", side)
    assert NETWORKS[name].parameter_count(form, 1000) == parameters


TORCHVISIONS = {
    "resnet18": torchvision.models.resnet18,
    "inception_v3": partial(torchvision.models.inception_v3, aux_logits=False, init_weights=False),
    "vgg16": torchvision.models.vgg16,
    "vit_tiny": partial(
        torchvision.models.VisionTransformer,
        image_size=224,
        patch_size=16,
        num_layers=12,
        num_heads=3,
        hidden_dim=192,
        mlp_dim=768,
    ),
}


@pytest.mark.parametrize("name", TORCHVISIONS)
def test_plain_torchvision_has_the_same_tensors(name):
    form = form_for(NETWORKS[name], 3, "images", 224)
    with torch.device("meta"):
        ours = NETWORKS[name].build(form, 10).state_dict()
        theirs = TORCHVISIONS[name](num_classes=10).state_dict()
    assert {n: v.shape for n, v in ours.items()} == {n: v.shape for n, v in theirs.items()}


def test_networks_are_chosen_by_name_each_once():
    assert [n.name for n in chosen_networks(["resnet50", "resnet50"])] == ["resnet50"]
    with pytest.raises(ParameterError, match="unknown network 'resnet51'; did you mean 'resnet50'"):
        chosen_networks(["resnet51"])


def test_networks_of_timm_go_by_their_names():
    network = network_named("timm:convnext_atto")
    assert (network.name, network.stem, network.head) == (
        "timm_convnext_atto",
        "stem.0",
        "head.fc",
    )
    assert network_named("timm_convnext_atto") == network
    form = form_for(network, 5, "images", 32)
    model = build_model(network, form, 3, stretch=PLAIN, seed=0)
    assert tuple(model(torch.zeros((2, *form.shape))).shape) == (2, 3)
    with pytest.raises(ParameterError, match="has no network 'convnext_otta'; it has convnext_"):
        network_named("timm:convnext_otta")


def test_a_network_says_which_tasks_it_learns():
    images = SampleForm(dims=("y", "x"), shape=(28, 28))
    assert NETWORKS["unet"].refusal(images, "segmentation") is None
    assert NETWORKS["unet"].refusal(images, "classification") == (
        "it answers segmentation or deblending, and this is a classification"
    )
    assert "and this is a deblending" in NETWORKS["resnet50"].refusal(images, "deblending")


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
