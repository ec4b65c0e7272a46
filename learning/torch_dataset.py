"""Datasets of skybench as torch has them: one to index, and a loader that gives whole batches."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
import xarray as xr
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from skybench.errors import ParameterError
from skybench.learning.batches import Plan
from skybench.learning.samples import TRAIN, RawRows, Samples, Stretches, open_samples
from skybench.learning.stretch import Stretch
from skybench.registry.arrays.chunked_rows import chunk_numbers
from skybench.registry.open import Openable, Verification
from skybench.registry.storage.store import Store

Item = tuple[torch.Tensor, torch.Tensor]
Transform = Callable[[torch.Tensor], torch.Tensor]

_RECENT_BYTES = 64 << 20
"""Of the chunks that a dataset which is not in memory keeps for the next index."""


_OF_THE_PLAN = {"dataset", "batch_size", "sampler", "batch_sampler", "shuffle", "drop_last"}
"""Options of a DataLoader that a plan decides."""


class SkyDataset(Dataset[Item]):
    """The samples of a dataset by number; `skybench.torch.dataset` makes one.

    Attributes
    ----------
    samples : Samples
        What is read, and how.
    transform : callable, optional
    """

    def __init__(
        self, samples: Samples, *, transform: Transform | None = None, in_memory: bool | None = None
    ) -> None:
        self.samples, self.transform = samples, transform
        self._held = samples.held(in_memory)
        self._recent: OrderedDict[int, RawRows] = OrderedDict()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the codes; empty where numbers are asked for."""
        return self.samples.target.classes

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input: (plane, ...)."""
        return self.samples.shape

    @property
    def stretch(self) -> dict[str, Stretch | None]:
        """The stretch of each input, for another dataset that must have the same."""
        return self.samples.stretch

    @property
    def in_memory(self) -> bool:
        """Whether the samples are in memory."""
        return self._held is not None

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.samples)

    def __getitem__(self, index: int) -> Item:
        """Return (input, answer) of one sample."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        """Return (input, answer) of several samples, as a DataLoader asks for them."""
        places = np.asarray(indices, np.intp)
        if places.size and not -len(self) <= places.min() <= places.max() < len(self):
            msg = f"samples are numbered 0 to {len(self) - 1}, got {[*indices]}"
            raise IndexError(msg)
        x, y = self._pairs(places % len(self))
        inputs = torch.from_numpy(x).unbind()
        made = inputs if self.transform is None else map(self.transform, inputs)
        return list(zip(made, torch.from_numpy(y).unbind(), strict=True))

    def plan(self, **options: Any) -> Plan:
        """Return the batches of these samples; options as for `Plan`."""
        return Plan(samples=self.samples, held=self._held, **options)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the chunks that were read last."""
        return {**self.__dict__, "_recent": OrderedDict()}

    def _pairs(self, places: Any) -> tuple[Any, Any]:
        if self._held is not None:
            return self._held.pairs(places)
        rows = self.samples.rows[places]
        starts = self.samples.starts
        numbers = chunk_numbers(starts, rows)
        order, parts = np.argsort(numbers, kind="stable"), []
        for number in np.unique(numbers).tolist():
            within = rows[numbers == number] - starts[number]
            parts.append(self._chunk(number).pairs(within))
        back = np.argsort(order)
        x, y = (np.concatenate(part)[back] for part in zip(*parts, strict=True))
        return x, y

    def _chunk(self, number: int) -> RawRows:
        """Return a chunk, of which the last few that were asked for are kept."""
        chunk = self._recent.pop(number, None)
        if chunk is None:
            most = max(1, _RECENT_BYTES // max(1, self.samples.chunk_bytes))
            reuse = len(self._recent) >= most
            chunk = self._recent.popitem(last=False)[1] if reuse else self.samples.empty(1)
            chunk.read(number, 0)
        self._recent[number] = chunk
        return chunk


class TensorBatches(IterableDataset[Item]):
    """Whole batches as tensors, those of one worker where a DataLoader has several.

    `state_dict` and `load_state_dict` are of the worker that they are called in, as torchdata's
    StatefulDataLoader wants them.
    """

    def __init__(self, plan: Plan, transform: Transform | None = None) -> None:
        self.plan, self.transform = plan, transform
        self.begin(0)

    def __len__(self) -> int:
        """Count the batches of all workers."""
        return len(self.plan)

    def begin(self, epoch: int, given: int = 0) -> None:
        """Make an epoch the next, of which all workers together gave some batches already."""
        self._epoch, self._given, self._begun = epoch, given, False
        self._own: int | None = None

    def __iter__(self) -> Iterator[Item]:
        """Yield this worker's batches of the next epoch."""
        if self._begun:
            self.begin(self._epoch + 1)
        self._begun = True
        worker, workers = self._place()
        start = len(range(worker, self._given, workers)) if self._own is None else self._own
        for own, (x, y) in enumerate(
            self.plan.batches(self._epoch, start, worker, workers), start + 1
        ):
            self._own = own
            inputs = torch.from_numpy(x)
            if self.transform is not None:
                inputs = torch.stack([self.transform(one) for one in inputs])
            yield inputs, torch.from_numpy(y)

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch, and how many batches of it this worker gave."""
        return {"epoch": self._epoch, "given": self._given, "own": self._own}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state_dict` was asked for."""
        self.begin(state["epoch"], state["given"])
        self._own = state["own"]

    def _place(self) -> tuple[int, int]:
        """Return which worker this is: the first gives the batch that is next."""
        info = get_worker_info()
        if info is None:
            return 0, 1
        return (info.id + self._given) % info.num_workers, info.num_workers


class SkyLoader(DataLoader[Item]):
    """A DataLoader of whole batches; `skybench.torch.loader` makes one.

    Each iteration is the next epoch. Also with workers `state_dict` is the place of the batch that
    was given last, and `load_state_dict` goes on after it, with as many workers.
    """

    dataset: TensorBatches

    def __init__(self, plan: Plan, transform: Transform | None = None, **options: Any) -> None:
        # Lightning makes a loader again from its attributes, to predict, and adds those of torch.
        self.plan, self.transform = plan, transform
        own = {key: value for key, value in options.items() if key not in _OF_THE_PLAN}
        super().__init__(TensorBatches(plan, transform), batch_size=None, **own)
        self._place = {"epoch": 0, "batch": 0}
        self._begun = False

    def __iter__(self) -> Any:
        """Yield the batches of the next epoch, or the rest of the one that was loaded."""
        if self._begun:
            self._place = {"epoch": self._place["epoch"] + 1, "batch": 0}
        self._begun = True
        self.dataset.begin(self._place["epoch"], self._place["batch"])
        for pair in super().__iter__():
            self._place["batch"] += 1
            yield pair

    def set_epoch(self, epoch: int) -> None:
        """Make an epoch the one of the next iteration."""
        self._place, self._begun = {"epoch": epoch, "batch": 0}, False

    def state_dict(self) -> dict[str, int]:
        """Return the epoch, the batches of it that were given, and the number of workers."""
        place = dict(self._place)
        if place["batch"] >= len(self):
            place = {"epoch": place["epoch"] + 1, "batch": 0}
        return {**place, "workers": self.num_workers}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from where `state_dict` was asked for.

        Raises
        ------
        ParameterError
            There are more or fewer workers, which give batches in another order.
        """
        if state["workers"] != self.num_workers and state["batch"]:
            msg = (
                f"an epoch that {state['workers']} workers began cannot be gone on with "
                f"{self.num_workers}; set num_workers={state['workers']}"
            )
            raise ParameterError(msg)
        self._place = {"epoch": state["epoch"], "batch": state["batch"]}
        self._begun = False


def dataset(
    reference: Openable | xr.Dataset,
    *,
    split: str | None = None,
    transform: Transform | None = None,
    inputs: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    stretch: Stretches = TRAIN,
    in_memory: bool | None = None,
    store: str | Store | None = None,
    verify: Verification = "fast",
) -> SkyDataset:
    """Return a torch Dataset of (input, answer).

    Inputs are float32 (plane, ...), such as (band, y, x), one plane where there are no bands.
    Answers are int64 codes of classes; float32 (class,) zeros and ones where several may be
    present; float32 (target,) numbers of a regression; int64 (y, x) maps of a segmentation.

    Any DataLoader takes it. `loader` gives batches of it faster, and is the way to shuffle samples
    that do not fit in memory: there each index decodes the chunk that holds it.

    Parameters
    ----------
    reference : str or Dataset
        As for `skybench.open`; or a dataset that `skybench.open` or `skybench.generate` returned.
    split : str, optional
        Only the samples of ``train``, ``validation`` or ``test``. Default: all.
    transform : callable, optional
        Input to input, of one sample, after the stretch.
    inputs, target, stretch, in_memory
        As for `skybench.batches`.
    store, verify
        As for `skybench.open`.

    Raises
    ------
    NotFoundError, ParameterError, IntegrityError
        As `skybench.batches`.

    Examples
    --------
    >>> import skybench
    >>> made = skybench.torch.dataset(skybench.generate("objects", 0, 30), split="train")
    >>> image, code = made[0]
    >>> image.shape, made.classes[code]
    (torch.Size([1, 28, 28]), 'spiral')
    """
    samples = open_samples(
        reference,
        split=split,
        inputs=inputs,
        target=target,
        stretch=stretch,
        store=store,
        verify=verify,
    )
    return SkyDataset(samples, transform=transform, in_memory=in_memory)


def loader(
    dataset: SkyDataset,
    *,
    batch_size: int = 64,
    shuffle: bool = False,
    seed: int = 0,
    drop_last: bool = False,
    rank: int | None = None,
    ranks: int | None = None,
    threads: int = 1,
    **options: Any,
) -> SkyLoader:
    """Return a DataLoader that gives whole batches of a dataset, in memory or not.

    Epochs are shuffled anew by (seed, epoch), and none needs to be announced. Processes that train
    together (torch.distributed) get as many samples each, no two the same one; so do workers.
    `state_dict` and `load_state_dict` make it resumable, by lightning too.

    Parameters
    ----------
    dataset : SkyDataset
        From `skybench.torch.dataset`.
    batch_size, seed, drop_last, threads
        As for `skybench.batches`.
    shuffle : bool
        Whether samples come in random order. Those that are not in memory are shuffled in blocks.
    rank, ranks : int, optional
        Default: as torch.distributed says, where it is initialised.
    **options
        Of `torch.utils.data.DataLoader`, such as ``num_workers`` and ``pin_memory``. Threads read
        ahead in the same process, so that workers seldom pay.

    Raises
    ------
    ParameterError
        A number is out of its range, or an option is one that the loader decides.

    Examples
    --------
    >>> import skybench
    >>> train = skybench.torch.dataset(skybench.generate("objects", 0, 30), split="train")
    >>> images, codes = next(iter(skybench.torch.loader(train, batch_size=8, shuffle=True)))
    >>> images.shape, codes.dtype
    (torch.Size([8, 1, 28, 28]), torch.int64)
    """
    if refused := sorted(options.keys() & _OF_THE_PLAN):
        msg = f"a loader of skybench decides {refused[0]} itself; leave it out, or use a DataLoader"
        raise ParameterError(msg)
    own_rank, own_ranks = _distributed()
    plan = dataset.plan(
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        drop_last=drop_last,
        rank=own_rank if rank is None else rank,
        ranks=own_ranks if ranks is None else ranks,
        threads=threads,
    )
    return SkyLoader(plan, dataset.transform, **options)


def _distributed() -> tuple[int, int]:
    distributed = cast(Any, torch.distributed)
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
