"""Batches from a web server and from S3 are those of the local store, in workers too."""

import numpy as np
import pytest

import skybench

REFERENCE = "photometry@0.1"


def streamed(store):
    return skybench.batches(REFERENCE, store=str(store), in_memory=False, batch_size=10)


def test_batches_from_a_server(remote, released):
    for (x, y), (same, truth) in zip(streamed(remote), streamed(released), strict=True):
        np.testing.assert_array_equal(x, same)
        np.testing.assert_array_equal(y, truth)


@pytest.mark.parametrize("workers", [0, 1])
def test_torch_from_a_server(remote, released, workers):
    """The worker is forked after the parent used the same client."""
    dataset = skybench.torch.dataset(REFERENCE, store=remote, split="train", in_memory=False)
    dataset[0]
    way = "fork" if workers else None
    loader = skybench.torch.loader(dataset, num_workers=workers, multiprocessing_context=way)
    local = skybench.torch.dataset(REFERENCE, store=str(released), split="train")
    got = [pair for images, truths in loader for pair in zip(images, truths, strict=True)]
    assert len(got) == len(local)
    for (image, truth), (same, right) in zip(got, local, strict=True):
        np.testing.assert_array_equal(image, same)
        np.testing.assert_array_equal(truth, right)
