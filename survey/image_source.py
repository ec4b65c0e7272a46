"""Where images of objects come from: a folder of files, or an array."""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skybench.errors import NotFoundError, ParameterError
from skybench.survey.image_files import (
    ARRAY_FILES,
    COLOURS,
    PICTURE_FILES,
    OneImage,
    files_in,
    read_image,
)
from skybench.survey.reading import file_digest
from skybench.survey.vote_table import Texts

_SHOWN = 3


class ImageSource(Protocol):
    """Images by their place."""

    @property
    def names(self) -> Sequence[str]:
        """Of the images, each another."""

    def find(self, ids: Texts, column: str) -> NDArray[np.intp]:
        """Return the place of the image of each identity, -1 where there is none."""

    def read(self, place: int) -> OneImage:
        """Return an image; a `ParameterError` where it cannot be read."""

    def digest(self, place: int) -> str:
        """Return the SHA-256 of an image as it is given."""


class ImageFolder:
    """The images in a folder and those within it, named by their paths there.

    Raises
    ------
    NotFoundError
        There is no such folder, or no image in it.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self._folder, kinds = Path(folder), (*PICTURE_FILES, *ARRAY_FILES)
        if not self._folder.is_dir():
            msg = f"there is no folder of images {self._folder}"
            raise NotFoundError(msg)
        self._files = files_in(self._folder, kinds, "**/*")
        if not self._files:
            msg = f"there is no image in {self._folder}; read are {', '.join(kinds)}"
            raise NotFoundError(msg)
        self.names = [file.relative_to(self._folder).as_posix() for file in self._files]

    def find(self, ids: Texts, column: str) -> NDArray[np.intp]:
        """Return the place of the file that each identity names.

        It may be the path in the folder or the file's name, with or without the ending.

        Raises
        ------
        ParameterError
            None is a file's, or one is that of several.
        """
        spellings = [self._by(spelled) for spelled in _SPELLINGS]
        found = np.array([self._place(text, spellings) for text in ids.tolist()], dtype=np.intp)
        if not (found >= 0).any():
            msg = (
                f"no name in column {column!r} is that of an image: there are "
                f"{_some(ids.tolist())}, and files {_some(self.names)}. Say which column has "
                "the files' names: id=…"
            )
            raise ParameterError(msg)
        return found

    def _by(self, spelled: Any) -> dict[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(self.names):
            places[spelled(PurePosixPath(name))].append(place)
        return places

    def _place(self, text: str, spellings: Sequence[dict[str, list[int]]]) -> int:
        places = next((by[text] for by in spellings if text in by), [-1])
        if len(places) > 1:
            msg = (
                f"{text!r} is the name of {len(places)} images, {_some(self.names, places)}; name "
                "them by their paths in the folder"
            )
            raise ParameterError(msg)
        return places[0]

    def read(self, place: int) -> OneImage:
        """Return the image in a file."""
        return read_image(self._files[place])

    def digest(self, place: int) -> str:
        """Return the SHA-256 of a file."""
        return file_digest(self._files[place])


_SPELLINGS = (
    str,
    lambda path: str(path.with_suffix("")),
    lambda path: path.name,
    lambda path: path.stem,
)
"""How a table may name a file, the most exact first."""


def _some(names: Sequence[str], places: Sequence[int] | None = None) -> str:
    shown = [names[i] for i in (range(len(names)) if places is None else places)][:_SHOWN]
    return ", ".join(map(repr, shown)) + (", …" if len(places or names) > _SHOWN else "")


class ImageArray:
    """The images of an array: (sample, y, x), (sample, band, y, x), or (sample, y, x, 3) colours.

    The last are as pictures are read: red first, and row 0 at the top.

    Raises
    ------
    ParameterError
        It is of another form.
    """

    def __init__(self, given: Any) -> None:
        images = np.asarray(given)
        if images.ndim not in (3, 4) or images.dtype.kind not in "fiu" or not images.size:
            msg = (
                f"images are (sample, y, x), (sample, band, y, x) or (sample, y, x, 3) numbers, "
                f"got {images.dtype} of shape {images.shape}"
            )
            raise ParameterError(msg)
        self._bands: tuple[str, ...] = ()
        if images.ndim == 4 and images.shape[-1] == 3 and images.shape[1] != 3:
            images, self._bands = np.moveaxis(images[:, ::-1, :, ::-1], -1, 1), COLOURS
        self._images = images if images.ndim == 4 else images[:, None]
        self.names = [str(i) for i in range(len(images))]

    def find(self, ids: Texts, column: str) -> NDArray[np.intp]:
        """Return the place of each row, which is the row.

        Raises
        ------
        ParameterError
            There are more images or more rows.
        """
        if len(ids) != len(self.names):
            msg = f"there are {len(self.names)} images, and {len(ids)} rows of votes for them"
            raise ParameterError(msg)
        return np.arange(len(ids))

    def read(self, place: int) -> OneImage:
        """Return an image."""
        return OneImage(self._images[place], self._bands)

    def digest(self, place: int) -> str:
        """Return the SHA-256 of its pixels."""
        return sha256(np.ascontiguousarray(self._images[place]).tobytes()).hexdigest()
