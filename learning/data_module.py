"""The three splits of a dataset as lightning's Trainer takes them."""

from typing import Any

import lightning
import xarray as xr

from skybench.learning.torch_dataset import SkyDataset, SkyLoader, dataset, loader
from skybench.registry.open import open as open_version
from skybench.registry.reference import DatasetReference

_OF_OPEN = ("store", "verify")


class SkyDataModule(lightning.LightningDataModule):
    """Train, validation and test batches of a dataset.

    All splits have the stretch of the train split. Each process of a distributed training gets its
    own samples, and a run that is resumed within an epoch goes on with the next batch.

    Parameters
    ----------
    reference : str or Dataset
        As for `skybench.torch.dataset`.
    batch_size : int
        Samples in a batch.
    seed : int
        Of the order in training.
    loading : mapping, optional
        Other options of `skybench.torch.loader`, such as ``{"num_workers": 2}``.
    **options
        Of `skybench.torch.dataset`, such as ``inputs`` and ``store``. A transform is for training
        alone.

    Examples
    --------
    >>> import lightning, skybench
    >>> data = skybench.torch.SkyDataModule("sky@1", batch_size=128)    # doctest: +SKIP
    >>> lightning.Trainer(max_epochs=3).fit(model, data)                # doctest: +SKIP
    """

    def __init__(
        self,
        reference: str | DatasetReference | xr.Dataset,
        *,
        batch_size: int = 64,
        seed: int = 0,
        loading: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self.reference, self.options = reference, options
        self._loading = {"batch_size": batch_size, "seed": seed, **(loading or {})}
        self._made: dict[str, SkyDataset] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the codes; empty where numbers are asked for."""
        return self.split("train").classes

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input: (plane, *extent)."""
        return self.split("train").shape

    def split(self, name: str) -> SkyDataset:
        """Return the dataset of one split, which is made once."""
        if name not in self._made:
            options = dict(self.options)
            if name != "train":
                options |= {"transform": None, "stretch": self.split("train").stretch}
            self._made[name] = dataset(self.reference, split=name, **options)
        return self._made[name]

    def prepare_data(self) -> None:
        """Open the version once on each machine, before processes share it."""
        if not isinstance(self.reference, xr.Dataset):
            given = {key: self.options[key] for key in _OF_OPEN if key in self.options}
            open_version(self.reference, **given)

    def train_dataloader(self) -> SkyLoader:
        """Return shuffled batches; one that is not full is left out, where there are others."""
        train = self.split("train")
        whole = len(train) >= self._loading["batch_size"]
        return loader(train, **{"shuffle": True, "drop_last": whole, **self._loading})

    def val_dataloader(self) -> SkyLoader:
        """Return the validation split in its order."""
        return loader(self.split("validation"), **self._loading)

    def test_dataloader(self) -> SkyLoader:
        """Return the test split in its order."""
        return loader(self.split("test"), **self._loading)

    def predict_dataloader(self) -> SkyLoader:
        """Return the test split in its order."""
        return self.test_dataloader()
