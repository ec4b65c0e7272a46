"""Read pictures in a DataLoader's workers after their parent has; a program for test_workers.py."""

import sys

import intake
import numpy as np
from torch.utils.data import DataLoader

import skybench


class Pictures:
    """Pictures of one sample from each of several datasets that are read lazily."""

    def __init__(self, datasets):
        self._datasets = datasets

    def __len__(self):
        return 6

    def __getitem__(self, row):
        return np.stack([ds.image[row].values for ds in self._datasets])


def opened(store):
    """Return the same split as every opener gives it."""
    for verify in ("off", "fast", "full"):
        yield skybench.open("sky", split="test", store=store, verify=verify)
    catalog = intake.open_catalog(f"{store}/catalog.yaml")
    yield catalog.sky_v0_test.to_dask()
    yield catalog.sky_v0(split="test").to_dask()


if __name__ == "__main__":
    store, context = sys.argv[1:]
    pictures = Pictures([*opened(store)])
    right = np.stack([pictures[row] for row in range(len(pictures))])
    assert all((right[:, k] == right[:, 0]).all() for k in range(right.shape[1]))
    loader = DataLoader(pictures, batch_size=2, num_workers=2, multiprocessing_context=context)
    read = np.concatenate([batch.numpy() for batch in loader])
    np.testing.assert_array_equal(read, right)
    print("read", len(read))
