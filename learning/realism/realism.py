"""The whole test: two judges, the null and the control of each, and what gives fakes away.

A judge that tells nothing apart proves nothing by itself. The null is that halves of one sample are
not told apart: else there are too few cutouts, or frames differ among themselves. The control is
that a wrong PSF is caught: else the test would let pass what it should not.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from skybench.errors import MissingDependencyError
from skybench.generators.arrays import Flags, Floats, Integers, Singles
from skybench.learning.networks.network import Network
from skybench.learning.realism import trees
from skybench.learning.realism.auc import Auc, Scores, pooled_auc
from skybench.learning.realism.certificate import Certificate, Interval, Judged
from skybench.learning.realism.control import broadened
from skybench.learning.realism.cutouts import Cutouts, check_alike
from skybench.learning.realism.folds import Labelling, halves
from skybench.learning.realism.statistics import statistic_names, statistics

if TYPE_CHECKING:
    import pandas as pd

_DRAWS = 4
"""Halvings of the null, for trees; a network has one."""

_SHARPEST = 0.1
"""Quantile of the half-light radii of fakes that is nearly the PSF's."""

_SHOWN = 8
_TELLING = 5

TREES = "trees"

EPOCHS = 30
"""Of each training of a network, the best on some cutouts being taken."""

Judge = Callable[["_Trial", int, int], Sequence[Scores]]
"""Of a trial, a seed and rounds of cross-validation, which only trees have several of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Realism:
    """What was found.

    Attributes
    ----------
    real, fake : Cutouts
    certificate : Certificate
        The numbers.
    importance : DataFrame
        As `skybench.learning.realism.trees.importance` returns it.
    scores : dict of (sample,) float64 arrays
        What each judge says of each cutout, the real ones first: higher is more like a fake.
    saliency : (sample, y, x) float32 array, optional
        Where the network looks.
    """

    real: Cutouts
    fake: Cutouts
    certificate: Certificate
    importance: "pd.DataFrame" = field(repr=False)
    scores: dict[str, Floats] = field(repr=False)
    saliency: Singles | None = field(default=None, repr=False)

    def judged(self, judge: str = TREES) -> Judged:
        """Return what a judge found."""
        return next(one for one in self.certificate.judges if one.judge == judge)

    def surest(self, judge: str = TREES, count: int = _SHOWN) -> tuple[Integers, Integers]:
        """Return the real cutouts and the fakes that a judge is surest of, as rows of each."""
        real, fake = np.split(self.scores[judge], [len(self.real)])
        return np.argsort(real, kind="stable")[:count], np.argsort(-fake, kind="stable")[:count]

    def to_json(self) -> str:
        """Return the certificate as JSON."""
        return self.certificate.to_json()

    def summary(self) -> str:
        """Say in lines what was found."""
        told = self.certificate
        how = "split by frame" if told.is_split_by_frame else "split by cutout: frames are too few"
        lines = [
            f"{told.real_cutouts} real cutouts of {told.real_frames} frames, {told.fake_cutouts} "
            f"fakes of {told.fake_frames}; {how}"
        ]
        for one in told.judges:
            lines += _said(one)
        return "\n".join([*lines, *self._telling()])

    def _telling(self) -> list[str]:
        rows = list(self.importance.head(_TELLING).iterrows())
        return [
            f"fakes have {'more' if row['alone'] > 0.5 else 'less'} {name}: median "
            f"{row['fake']:.3g}, real {row['real']:.3g} (importance {row['importance']:.3f})"
            for name, row in rows
            if row["importance"] > 0
        ]


def _said(one: Judged) -> list[str]:
    lines = [
        f"{one.judge}: AUC {one.auc}, {one.verdict}; null {one.null_real} real, {one.null_fake} "
        f"fake; wrong PSF {one.control}"
    ]
    if not one.has_sound_null:
        lines.append(
            f"{one.judge}: halves of one sample are told apart, so frames differ among themselves "
            "or are too few; give more frames"
        )
    if not one.has_power:
        lines.append(
            f"{one.judge}: the test has no power: a PSF a tenth too broad is not caught; give more "
            "cutouts"
        )
    return lines


def compare(
    real: Cutouts,
    fake: Cutouts,
    *,
    names: tuple[str, str] = ("real", "fake"),
    network: Network | None = None,
    psf_fwhm: float | None = None,
    epochs: int = EPOCHS,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> Realism:
    """Return whether, and by what, fakes are told from real cutouts.

    Parameters
    ----------
    real, fake : Cutouts
    names : pair of str
        What a certificate calls them.
    network : Network, optional
        A second judge beside trees, which sees pixels.
    psf_fwhm : float, optional
        Of the fakes' PSF in pixels, for the control. Default: by the sharpest tenth of them.
    epochs : int
        Of the network's trainings.
    seed : int
    report : callable, optional
        Gets a line at each step.

    Raises
    ------
    ParameterError
        The samples are not alike in form.
    MissingDependencyError
        There is a network, and torch or lightning is not installed.
    """
    check_alike(real, fake)
    say = report or (lambda _: None)
    test = _Test(real, fake, psf_fwhm or _sharpest(fake), seed, say)
    found = [test.judged(TREES, _trees, _DRAWS)]
    saliency = None
    if network is not None:
        looked = _Looked(network, epochs, say)
        found.append(test.judged(network.name, looked.judge, 1))
        saliency = looked.saliency
    trial = test.trial(real, fake)
    values = np.concatenate([statistics(real), statistics(fake)])
    table = trees.importance(values, statistic_names(real.bands), trial.labelling, seed)
    return Realism(
        real=real,
        fake=fake,
        certificate=test.certificate(names, [one for one, _ in found], table, epochs, network),
        importance=table,
        scores={one.judge: scores for one, scores in found},
        saliency=saliency,
    )


@dataclass(frozen=True, eq=False)
class _Trial:
    """Two samples that a judge is asked to tell apart."""

    first: Cutouts
    second: Cutouts
    labelling: Labelling

    @property
    def planes(self) -> Singles:
        return np.concatenate([self.first.planes(), self.second.planes()])

    @property
    def statistics(self) -> Floats:
        return np.concatenate([statistics(self.first), statistics(self.second)])


def _trees(trial: _Trial, seed: int, rounds: int) -> Sequence[Scores]:
    return trees.judge(trial.statistics, trial.labelling, seed, rounds)


class _Looked:
    """A network as a judge; it remembers where it looked in its first trial."""

    def __init__(self, network: Network, epochs: int, say: Callable[[str], None]) -> None:
        try:
            from skybench.learning.realism import network as judge  # late: seconds, and an extra
        except ModuleNotFoundError as missing:
            msg = f"a network needs {missing.name}: pip install 'skybench[baselines]'"
            raise MissingDependencyError(msg) from None
        self._judge, self._network, self._say = judge, network, say
        self._epochs = epochs
        self.saliency: Singles | None = None

    def judge(self, trial: _Trial, seed: int, _: int) -> Sequence[Scores]:
        found = self._judge.judge(
            self._judge.unit_planes(trial.planes),
            trial.labelling,
            self._network,
            seed,
            epochs=self._epochs,
            report=self._say,
        )
        if self.saliency is None:
            self.saliency = found.saliency
        return [found.scores]


@dataclass(frozen=True, eq=False)
class _Test:
    real: Cutouts
    fake: Cutouts
    psf_fwhm: float
    seed: int
    say: Callable[[str], None]

    def trial(self, first: Cutouts, second: Cutouts) -> _Trial:
        is_fake = np.repeat([False, True], [len(first), len(second)])
        frames = np.concatenate([first.frames, second.frames])
        return _Trial(first, second, Labelling.of(is_fake, frames))

    @property
    def are_shared(self) -> bool:
        """Whether real and fake are of the same frames, as injected fakes are."""
        return bool(np.isin(self.fake.frames, self.real.frames).mean() > 0.5)

    def judged(self, name: str, judge: Judge, draws: int) -> tuple[Judged, Floats]:
        self.say(f"{name}: real and fake")
        auc, scores = self._asked(judge, self.trial(self.real, self.fake), self.seed)
        nulls = [self._null(name, judge, sample, draws) for sample in (self.real, self.fake)]
        self.say(f"{name}: the wrong PSF")
        wrong = broadened(self.fake, self.psf_fwhm, self.seed)
        control, _ = self._asked(judge, self.trial(self.fake, wrong), self.seed)
        told = Judged(
            judge=name,
            auc=_interval([auc]),
            null_real=nulls[0],
            null_fake=nulls[1],
            control=_interval([control]),
        )
        return told, np.mean([one.values for one in scores], axis=0)

    def _asked(
        self, judge: Judge, trial: _Trial, seed: int, rounds: int = trees.ROUNDS
    ) -> tuple[Auc, Sequence[Scores]]:
        scores = judge(trial, seed, rounds)
        return pooled_auc(scores, trial.labelling.is_fake, trial.labelling.frames), scores

    def _null(self, name: str, judge: Judge, sample: Cutouts, draws: int) -> Interval:
        self.say(f"{name}: halves of one sample")
        found = []
        for draw in range(draws):
            half: Flags = halves(sample.frames, within=self._halves_frames(sample), seed=draw)
            first, second = (sample.chosen(np.flatnonzero(half == c)) for c in (False, True))
            found.append(self._asked(judge, self.trial(first, second), self.seed + draw, 1)[0])
        return _interval(found)

    def _halves_frames(self, sample: Cutouts) -> bool:
        """Whether the null halves each frame: where frames are shared, or fewer than two a half."""
        return self.are_shared or np.unique(sample.frames).size < 4

    def certificate(
        self,
        names: tuple[str, str],
        judges: list[Judged],
        importance: "pd.DataFrame",
        epochs: int,
        network: Network | None,
    ) -> Certificate:
        telling = importance["importance"].head(_TELLING)
        return Certificate(
            real=names[0],
            fake=names[1],
            real_cutouts=len(self.real),
            fake_cutouts=len(self.fake),
            real_frames=np.unique(self.real.frames).size,
            fake_frames=np.unique(self.fake.frames).size,
            shape=self.real.images.shape[1:],
            is_split_by_frame=self.trial(self.real, self.fake).labelling.are_split,
            psf_fwhm=round(self.psf_fwhm, 3),
            epochs=epochs if network is not None else 0,
            seed=self.seed,
            judges=tuple(judges),
            telling={str(name): round(float(lost), 4) for name, lost in telling.items()},
            pixels=_digest(self.real, self.fake),
        )


def _interval(found: Sequence[Auc]) -> Interval:
    """Return the mean of draws: they are of the same cutouts, so that it is hardly narrower."""
    value, low, high = np.mean([(one.value, one.low, one.high) for one in found], axis=0)
    return Interval(value=round(value, 4), low=round(low, 4), high=round(high, 4))


def _sharpest(fake: Cutouts) -> float:
    """Return the FWHM of a Gaussian that is as sharp as the sharpest tenth of the fakes."""
    radii = statistics(fake)[:, statistic_names(fake.bands).index("half_light_radius")]
    return float(max(1.0, 2 * np.quantile(radii, _SHARPEST)))


def _digest(*samples: Cutouts) -> str:
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(repr(sample.images.shape).encode())
        digest.update(np.ascontiguousarray(sample.planes()).data)
        digest.update("\n".join(sample.frames).encode())
    return f"sha256:{digest.hexdigest()}"
