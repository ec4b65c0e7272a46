"""Which cutouts are learned from and which are judged: frame by frame, where these allow it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Flags, Integers

FOLDS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelling:
    """Cutouts of two classes, and the frame of each.

    Attributes
    ----------
    is_fake : (sample,) bool array
    frames : (sample,) array of str
    are_split : bool
        Whether frames are kept whole.
    """

    is_fake: Flags
    frames: NDArray[np.str_]
    are_split: bool

    @classmethod
    def of(cls, is_fake: Flags, frames: NDArray[np.str_]) -> "Labelling":
        """Return it; where a class is of one frame, cutouts stand for frames."""
        fewest = min(np.unique(frames[is_fake == fake]).size for fake in (False, True))
        if fewest > 1:
            return cls(is_fake=is_fake, frames=frames, are_split=True)
        own = np.arange(is_fake.size).astype(str)
        return cls(is_fake=is_fake, frames=own, are_split=False)

    def folds(self, seed: int) -> Integers:
        """Return the fold of each cutout, classes as even as frames allow."""
        from sklearn.model_selection import StratifiedGroupKFold  # put off: it takes a second

        fewest = min(np.unique(self.frames[self.is_fake == c]).size for c in (False, True))
        _, member = np.unique(self.frames, return_inverse=True)
        dealt = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
        folds = np.zeros(self.is_fake.size, np.int64)
        for fold, (_, judged) in enumerate(dealt.split(member, self.is_fake, member)):
            folds[judged] = fold
        return folds


def halves(frames: NDArray[np.str_], *, within: bool, seed: int) -> Flags:
    """Return one half of cutouts of a class, as the null's second class.

    Parameters
    ----------
    frames : (sample,) array of str
    within : bool
        Halve the cutouts of each frame, as where real and fake are of the same frames; else the
        frames, as where they are not.
    seed : int
    """
    random = np.random.default_rng(seed)
    names, member = np.unique(frames, return_inverse=True)
    if not within:
        return np.asarray((random.permutation(names.size) % 2 == 1)[member])
    shuffled = np.lexsort((random.random(frames.size), random.permutation(names.size)[member]))
    chosen = np.zeros(frames.size, np.bool_)
    chosen[shuffled[1::2]] = True
    return chosen
