import torch

from skybench.learning.model import build_model
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch


def images(side, planes=1):
    return SampleForm(dims=("band", "y", "x"), shape=(planes, side, side))


def test_it_has_the_known_number_of_parameters():
    # 6 (25 + 1) + 16 (6 * 25 + 1) + 120 (400 + 1) + 84 (120 + 1) + 10 (84 + 1), whatever the size.
    for side in (12, 28, 32, 64):
        assert LENET5.parameter_count(images(side), 10) == 61_706
    assert LENET5.parameter_count(images(28, planes=3), 10) == 61_706 + 2 * 6 * 25


def test_an_image_of_28_pixels_is_seen_by_its_5_by_5_maps_as_they_are():
    network = LENET5.build(images(28), 2)
    shapes = []
    seen = torch.zeros((1, 1, 28, 28))
    for layer in network:
        seen = layer(seen)
        shapes.append(tuple(seen.shape[1:]))
    assert [s for s in dict.fromkeys(shapes) if len(s) == 3] == [
        (6, 28, 28),
        (6, 14, 14),
        (16, 10, 10),
        (16, 5, 5),
    ]


def test_images_that_leave_nothing_to_the_second_pooling_are_refused():
    assert LENET5.refusal(images(12)) is None
    assert "at least 12 a side" in LENET5.refusal(images(11))


def test_it_tells_a_disc_from_a_square_of_its_area():
    # Turned by any angle and put anywhere: no pixel alone tells anything.
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")

    def shapes(count):
        labels = torch.arange(count) % 2
        place = 11 + 5 * torch.rand((2, count, 1, 1), generator=generator)
        angle = torch.rand((count, 1, 1), generator=generator) * torch.pi / 2
        radius = 4 + 4 * torch.rand((count, 1, 1), generator=generator)
        u = (x - place[0]) * angle.cos() + (y - place[1]) * angle.sin()
        v = (y - place[1]) * angle.cos() - (x - place[0]) * angle.sin()
        disc = u.hypot(v) < radius
        square = torch.maximum(u.abs(), v.abs()) < radius * (torch.pi**0.5 / 2)
        return torch.where(labels[:, None, None] == 1, square, disc).float(), labels

    plain = Stretch(scale=1, mean=0, deviation=1)
    model = build_model(LENET5, images(28), 2, stretch=plain, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(200):
        pictures, labels = shapes(64)
        loss = torch.nn.functional.cross_entropy(model(pictures[:, None]), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    pictures, labels = shapes(400)
    right = model(pictures[:, None]).argmax(1) == labels
    assert float(right.float().mean()) > 0.85
