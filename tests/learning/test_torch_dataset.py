"""What torch's DataLoader makes of a dataset, in any kind of worker, and how a loader goes on."""

import pickle
from itertools import islice

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import skybench
from skybench.errors import ParameterError

SAMPLES = 44


@pytest.fixture(scope="module")
def ds():
    """Objects in chunks of five."""
    return skybench.generate("objects", 0, SAMPLES).chunk(sample=5)


def made(ds, in_memory, **options):
    return skybench.torch.dataset(ds, in_memory=in_memory, target="sample_id", **options)


def numbers(loader):
    return [y.tolist() for _, y in loader]


def flat(parts):
    return [number for part in parts for number in part]


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_item_is_an_image_and_a_code(ds, in_memory):
    train = skybench.torch.dataset(ds, split="train", in_memory=in_memory)
    rows = np.flatnonzero(ds.split.values == "train")
    assert len(train) == len(rows)
    assert train.in_memory is in_memory
    image, code = train[2]
    assert image.dtype == torch.float32
    assert image.shape == train.shape == (1, 28, 28)
    assert code.dtype == torch.int64
    assert train.classes[code] == ds.label[rows[2]]
    expected = train.stretch["image"].applied(ds.image.values[rows[2]])
    np.testing.assert_array_equal(image[0], expected)
    assert train.classes == ("star", "elliptical", "spiral")


@pytest.mark.parametrize("in_memory", [True, False])
def test_items_are_those_that_were_asked_for(ds, in_memory):
    dataset = made(ds, in_memory, stretch=None)
    indices = [40, 3, -1, 3]
    for index, (image, number) in zip(indices, dataset.__getitems__(indices), strict=True):
        assert number == ds.sample_id.values[index]
        np.testing.assert_array_equal(image[0], ds.image.values[index])
    with pytest.raises(IndexError, match="numbered 0 to 43"):
        dataset[SAMPLES]
    assert len(list(dataset)) == SAMPLES


def test_changing_an_item_does_not_change_the_dataset(ds):
    dataset = made(ds, in_memory=True)
    before = dataset[0][0].clone()
    dataset[0][0].zero_()
    assert torch.equal(dataset[0][0], before)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_plain_data_loader_shuffles(ds, in_memory):
    loader = DataLoader(made(ds, in_memory), batch_size=8, shuffle=True)
    got = flat(numbers(loader))
    assert sorted(got) == sorted(ds.sample_id.values)
    assert got != sorted(got)


WAYS = [("fork", True), ("fork", False), ("spawn", True), ("forkserver", False)]


@pytest.mark.parametrize(("way", "in_memory"), WAYS)
def test_workers_of_every_kind_give_each_sample_once(ds, way, in_memory):
    dataset = made(ds, in_memory)
    loader = skybench.torch.loader(
        dataset,
        batch_size=5,
        shuffle=True,
        num_workers=2 if way == "fork" else 1,
        multiprocessing_context=way,
    )
    first = numbers(loader)
    assert sorted(flat(first)) == sorted(ds.sample_id.values)
    assert len(first) == len(loader)


@pytest.mark.parametrize("in_memory", [True, False])
def test_workers_of_a_plain_data_loader(ds, in_memory):
    made(ds, in_memory)[0]
    loader = DataLoader(made(ds, in_memory), 5, num_workers=2, multiprocessing_context="fork")
    assert flat(numbers(loader)) == ds.sample_id.values.tolist()


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
def test_epochs_differ_and_can_be_made_again(ds, in_memory, workers):
    def loader():
        dataset = made(ds, in_memory)
        return skybench.torch.loader(dataset, batch_size=8, shuffle=True, num_workers=workers)

    one, other = loader(), loader()
    epochs = [numbers(one), numbers(one)]
    assert epochs[0] != epochs[1]
    other.set_epoch(1)
    assert numbers(other) == epochs[1]


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize(("workers", "given"), [(0, 1), (0, 9), (2, 3)])
def test_a_loader_goes_on_after_the_batch_that_was_given_last(ds, in_memory, workers, given):
    def loader():
        dataset = made(ds, in_memory)
        return skybench.torch.loader(dataset, batch_size=5, shuffle=True, num_workers=workers)

    whole, begun, later = loader(), loader(), loader()
    expected = [numbers(whole), numbers(whole)]
    list(islice(begun, given))
    later.load_state_dict(pickle.loads(pickle.dumps(begun.state_dict())))
    left = expected[0][given:]
    assert numbers(later) == (left or expected[1])
    if left:
        assert numbers(later) == expected[1]


def test_another_number_of_workers_cannot_go_on_within_an_epoch(ds):
    loader = skybench.torch.loader(made(ds, in_memory=True))
    with pytest.raises(ParameterError, match="set num_workers=2"):
        loader.load_state_dict({"epoch": 0, "batch": 3, "workers": 2})


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_stateful_loader_may_keep_the_place_in_the_worker(ds, in_memory):
    """What torchdata's StatefulDataLoader asks of an iterable dataset."""

    def batches():
        loader = skybench.torch.loader(made(ds, in_memory), batch_size=5, shuffle=True)
        return loader.dataset

    expected = numbers(batches())
    begun, later = batches(), batches()
    list(islice(begun, 3))
    later.load_state_dict(begun.state_dict())
    assert numbers(later) == expected[3:]


@pytest.mark.parametrize("in_memory", [True, False])
def test_ranks_share_the_samples(ds, in_memory):
    dataset = made(ds, in_memory)
    parts = [
        flat(numbers(skybench.torch.loader(dataset, shuffle=True, rank=rank, ranks=3)))
        for rank in range(3)
    ]
    assert [len(part) for part in parts] == [14, 14, 14]
    assert len(set(flat(parts))) == 42


def test_the_processes_of_torch_are_the_ranks(ds, monkeypatch):
    for name, value in (("is_initialized", True), ("get_rank", 1), ("get_world_size", 2)):
        monkeypatch.setattr(torch.distributed, name, lambda value=value: value)
    plan = skybench.torch.loader(made(ds, in_memory=True)).dataset.plan
    assert (plan.rank, plan.ranks) == (1, 2)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_transform_sees_one_stretched_input(ds, in_memory):
    plain = made(ds, in_memory)
    turned = made(ds, in_memory, transform=lambda image: image.flip(-1)[:, :20])
    assert torch.equal(turned[7][0], plain[7][0].flip(-1)[:, :20])
    ((images, _),) = skybench.torch.loader(turned, batch_size=SAMPLES)
    assert torch.equal(images[7], turned[7][0])


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_dataset_pickles(ds, in_memory):
    dataset = made(ds, in_memory)
    dataset[3]
    copy = pickle.loads(pickle.dumps(dataset))
    assert all(map(torch.equal, copy[11], dataset[11]))


def test_what_fits_is_in_memory(ds, monkeypatch):
    assert skybench.torch.dataset(ds).in_memory
    monkeypatch.setattr("skybench.learning.samples.MOST_IN_MEMORY", 4 * 28 * 28 * SAMPLES - 1)
    assert not skybench.torch.dataset(ds).in_memory


@pytest.mark.parametrize("split", [None, "train"])
def test_the_loader_gives_what_skybench_batches_gives(ds, split):
    ours = skybench.batches(ds, split=split, seed=5, batch_size=16)
    dataset = skybench.torch.dataset(ds, split=split)
    theirs = skybench.torch.loader(dataset, batch_size=16, shuffle=True, seed=5)
    for (x, y), (images, codes) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x, images)
        np.testing.assert_array_equal(y, codes)


def test_a_loader_says_what_it_decides_itself():
    made = skybench.torch.dataset(skybench.generate("objects", 0, 9))
    with pytest.raises(ParameterError, match="decides sampler itself"):
        skybench.torch.loader(made, sampler=[3, 1])
