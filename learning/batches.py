"""Batches of a dataset for one epoch after another, in an order that its position alone decides.

Samples that fit in memory are taken in any order. Others are shuffled in blocks: the chunks of the
store are put in random order, those of a window of 24 MB are read ahead by threads, and the samples
in a window are mixed. An epoch is the same whenever it is run again, by rank and worker.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.learning.samples import (
    TRAIN,
    HeldRows,
    RawRows,
    Samples,
    Stretches,
    open_samples,
)
from skybench.registry.open import Verification
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.store import Store

_WINDOW_BYTES = 24 << 20
_AHEAD = 1
"""Windows that are read while one is being taken from."""

Pair = tuple[NDArray[np.float32], NDArray[Any]]


class _Piece(NamedTuple):
    """Samples of a chunk: the first to the last of those that it has, in their order."""

    chunk: int
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Which batches there are, and which of them a process makes.

    Attributes
    ----------
    samples : Samples
    held : HeldRows, optional
        The same in memory.
    batch_size : int
    shuffle : bool
    seed : int
        Of the order; epochs differ.
    drop_last : bool
        Whether a last batch that is not full is left out.
    rank, ranks : int
        Which of the processes that train together this is. Each gets as many samples, no two
        the same one; what is left of a division sits out, another few in each epoch.
    threads : int
        That read ahead.
    """

    samples: Samples
    held: HeldRows | None
    batch_size: int = 64
    shuffle: bool = True
    seed: int = 0
    drop_last: bool = False
    rank: int = 0
    ranks: int = 1
    threads: int = 1
    _rooms: list[RawRows] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what makes no batches."""
        for name, least in (("batch_size", 1), ("ranks", 1), ("threads", 1), ("seed", 0)):
            if getattr(self, name) < least:
                msg = f"{name} must be at least {least}, got {getattr(self, name)}"
                raise ParameterError(msg)
        if not 0 <= self.rank < self.ranks:
            msg = f"rank must be from 0 to {self.ranks - 1}, got {self.rank} of {self.ranks} ranks"
            raise ParameterError(msg)

    def __len__(self) -> int:
        """Count the batches of this rank."""
        rows = len(self.samples) // self.ranks
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def batches(
        self, epoch: int, start: int = 0, worker: int = 0, workers: int = 1
    ) -> Iterator[Pair]:
        """Yield the batches of an epoch that one of several workers makes, from its `start` on."""
        if self.held is not None:
            yield from self._taken(self.held, epoch, start * workers + worker, workers)
        else:
            yield from self._streamed(epoch, start, worker, workers)

    def _taken(self, held: HeldRows, epoch: int, first: int, step: int) -> Iterator[Pair]:
        """Yield each `step`-th batch of samples in memory."""
        order, size = np.arange(len(self.samples)), self.batch_size
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(order)
        rows = len(order) // self.ranks
        own = order[self.rank * rows : (self.rank + 1) * rows]
        for number in range(first, len(self), step):
            yield held.pairs(own[number * size : (number + 1) * size])

    def _streamed(self, epoch: int, start: int, worker: int, workers: int) -> Iterator[Pair]:
        """Yield batches across windows; the samples of `start` batches are not even read."""
        skip, size = start * self.batch_size, self.batch_size
        begin, end = self._interval(worker, workers)
        windows = self._windows(epoch, begin, end)
        left: list[Pair] = []
        held = 0
        for number, rows, places in self._read(windows, skip):
            if self.shuffle:
                places = np.random.default_rng([self.seed, epoch, worker, number]).permutation(
                    places
                )
            places = places[max(0, skip - windows[number].first) :]
            while len(places):
                taken, places = np.split(places, [size - held])
                left.append(rows.pairs(taken))
                held += len(taken)
                if held == size:
                    yield _joined(left)
                    left, held = [], 0
        if left:
            yield _joined(left)

    def _interval(self, worker: int, workers: int) -> tuple[int, int]:
        """Return the first and last place of a worker in the order of all samples."""
        rows, count = len(self.samples) // self.ranks, len(self)
        shares = [count // workers + (w < count % workers) for w in range(workers)]
        first = sum(shares[:worker]) * self.batch_size
        last = min(first + shares[worker] * self.batch_size, rows)
        return self.rank * rows + first, self.rank * rows + last

    def _windows(self, epoch: int, begin: int, end: int) -> "list[_Window]":
        chunks, place, first = np.array(list(self.samples.chunks)), 0, 0
        if self.shuffle:
            chunks = np.random.default_rng([self.seed, epoch]).permutation(chunks)
        most = self._window_chunks
        windows: list[_Window] = []
        for chunk in chunks.tolist():
            count = len(self.samples.chunks[chunk])
            piece = _Piece(chunk, max(0, begin - place), min(count, end - place))
            place += count
            if piece.stop <= piece.start:
                continue
            if not windows or len(windows[-1].pieces) == most:
                windows.append(_Window(first, []))
            windows[-1].pieces.append(piece)
            first += piece.stop - piece.start
        return windows

    def _read(
        self, windows: "list[_Window]", skip: int
    ) -> Iterator[tuple[int, RawRows, NDArray[np.intp]]]:
        """Yield windows that are read, with the places of their samples; the next are read ahead.

        What is yielded holds until the next is asked for.
        """
        wanted = [n for n, window in enumerate(windows) if window.first + window.samples > skip]
        rooms = [self._room() for _ in wanted[: _AHEAD + 1]]
        pool = ThreadPoolExecutor(self.threads)
        reading: deque[list[Future[None]]] = deque()

        def begin(turn: int) -> None:
            pieces, room = windows[wanted[turn]].pieces, rooms[turn % len(rooms)]
            reading.append(
                [pool.submit(room.read, piece.chunk, slot) for slot, piece in enumerate(pieces)]
            )

        try:
            for turn in range(len(rooms)):
                begin(turn)
            for turn, number in enumerate(wanted):
                for done in reading.popleft():
                    done.result()
                yield number, rooms[turn % len(rooms)], self._places(windows[number])
                if turn + len(rooms) < len(wanted):
                    begin(turn + len(rooms))
        finally:
            pool.shutdown(cancel_futures=True)
            self._rooms.extend(rooms)

    def _room(self) -> RawRows:
        """Return room for a window, where an epoch before left none: new memory costs a tenth."""
        return self._rooms.pop() if self._rooms else self.samples.empty(self._window_chunks)

    @property
    def _window_chunks(self) -> int:
        most = max(1, _WINDOW_BYTES // max(1, self.samples.chunk_bytes))
        return min(most, len(self.samples.chunks))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the room for windows."""
        return {**self.__dict__, "_rooms": []}

    def _places(self, window: "_Window") -> NDArray[np.intp]:
        chunks, room = self.samples.chunks, self.samples.room
        return np.concatenate(
            [
                chunks[piece.chunk][piece.start : piece.stop] + slot * room
                for slot, piece in enumerate(window.pieces)
            ]
        )


class _Window(NamedTuple):
    """Pieces that are read and mixed together, and how many samples come before them."""

    first: int
    pieces: list[_Piece]

    @property
    def samples(self) -> int:
        return sum(piece.stop - piece.start for piece in self.pieces)


class Batches:
    """An iterable of (inputs, answers); each iteration is the next epoch, from its beginning.

    `state_dict` tells where it is, and after `load_state_dict` the next iteration goes on from
    there, also in another process.

    Attributes
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._epoch, self._batch, self._begun = 0, 0, False

    @property
    def samples(self) -> Samples:
        """What the batches are cut from."""
        return self.plan.samples

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the codes; empty where numbers are asked for."""
        return self.samples.target.classes

    @property
    def in_memory(self) -> bool:
        """Whether the samples are in memory."""
        return self.plan.held is not None

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return len(self.plan)

    def __iter__(self) -> Iterator[Pair]:
        """Yield the batches of an epoch."""
        if self._begun:
            self.set_epoch(self._epoch + 1)
        self._begun = True
        for pair in self.plan.batches(self._epoch, self._batch):
            # Before it is given: who asks where we are has got this one.
            self._batch += 1
            yield pair

    def set_epoch(self, epoch: int) -> None:
        """Make an epoch the one of the next iteration."""
        self.load_state_dict({"epoch": epoch, "batch": 0})

    def state_dict(self) -> dict[str, int]:
        """Return the epoch, and how many batches of it were given."""
        if self._batch >= len(self):
            return {"epoch": self._epoch + 1, "batch": 0}
        return {"epoch": self._epoch, "batch": self._batch}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from where `state_dict` was asked for."""
        self._epoch, self._batch, self._begun = state["epoch"], state["batch"], False


def batches(
    reference: str | DatasetReference | xr.Dataset,
    *,
    split: str | None = None,
    batch_size: int = 64,
    shuffle: bool = True,
    seed: int = 0,
    drop_last: bool = False,
    inputs: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    stretch: Stretches = TRAIN,
    in_memory: bool | None = None,
    rank: int = 0,
    ranks: int = 1,
    threads: int = 1,
    store: str | Store | None = None,
    verify: Verification = "fast",
) -> Batches:
    """Return an iterable of batches of NumPy arrays, for jax, tensorflow or anything else.

    Each iteration is an epoch, in an order of its own. Samples whose inputs take up to 2 GB are
    read once and kept in memory; others are read anew in each epoch and shuffled in blocks of
    24 MB, and each chunk is compared with its checksum.

    Parameters
    ----------
    reference : str or Dataset
        As for `skybench.open`; or a dataset that `skybench.open` or `skybench.generate` returned.
    split : str, optional
        Only the samples of ``train``, ``validation`` or ``test``. Default: all.
    batch_size : int
        Samples in a batch.
    shuffle : bool
        Whether they come in random order. Otherwise in that of the dataset.
    seed : int
        Of the order, together with the epoch.
    drop_last : bool
        Whether a last batch that is not full is left out.
    inputs : str or sequence of str, optional
        Variables that a network sees, as planes of one array. Default: the image, or what the
        dataset names as its main variable.
    target : str or sequence of str, optional
        Any variable along ``sample``, or several numbers. Default: what the task asks for, such
        as ``label`` of a classification.
    stretch : "train", Stretch, mapping or None
        "train" learns ``(asinh(electrons / scale) - mean) / deviation`` from the train split,
        whichever split is read: scale is the noise of its pixels, and mean and deviation make them
        0 and 1. They come from the training samples of up to 32 chunks of each input. A dataset
        without training samples, such as an opened test split, is given
        ``train.samples.stretch``. None leaves values as stored.
    in_memory : bool, optional
        Whether to keep the samples in memory. Default: up to 2 GB of them.
    rank, ranks : int
        Which of the processes that train together this is. All get as many samples, no two the
        same one.
    threads : int
        That read ahead where samples are not in memory. One decodes some 100,000 images of 64x64
        a second.
    store, verify
        As for `skybench.open`; with "full" each chunk is compared with the published hashes
        whenever it is read.

    Returns
    -------
    Batches
        Of pairs. Inputs are float32 (sample, plane, ...), such as (sample, band, y, x), one
        plane where there are no bands. Answers are int64 (sample,) codes of classes, float32
        (sample, class) zeros and ones where several may be present, float32 (sample, target)
        numbers or int64 (sample, y, x) maps. `classes` names the codes in their order.

    Raises
    ------
    NotFoundError
        There is no such dataset, version or split.
    ParameterError
        An input or target is none of the dataset's variables, or inputs do not go together.
    IntegrityError
        The data are not those that were published; also while they are read.

    Examples
    --------
    >>> import skybench
    >>> made = skybench.batches(skybench.generate("grz", 0, 40), batch_size=16)
    >>> [(x.shape, y.dtype.name) for x, y in made]
    [((16, 3, 64, 64), 'int64'), ((16, 3, 64, 64), 'int64'), ((8, 3, 64, 64), 'int64')]
    >>> made.classes
    ('star', 'elliptical', 'spiral')
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
    plan = Plan(
        samples=samples,
        held=samples.held(in_memory),
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        drop_last=drop_last,
        rank=rank,
        ranks=ranks,
        threads=threads,
    )
    return Batches(plan)


def _joined(parts: list[Pair]) -> Pair:
    if len(parts) == 1:
        return parts[0]
    inputs, answers = zip(*parts, strict=True)
    return np.concatenate(inputs), np.concatenate(answers)
