"""What a build will make and where: recipe, template, layout, places, identity."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict, ValidationError

from skybench.errors import (
    IntegrityError,
    NotFoundError,
    ParameterError,
    VersionConflictError,
)
from skybench.generators.codes import SAMPLE_DIM
from skybench.generators.generate import empty
from skybench.generators.recipe import Recipe
from skybench.registry.arrays.zarr_format import Layout, choose_layout, create, open_raw
from skybench.registry.hashing.content_hash import (
    INLINE_ROWS,
    Algorithm,
    ContentHash,
    Digests,
    canonical_json,
    hashed_attributes,
    leaves,
    sample_digests,
)
from skybench.registry.storage.store import Store
from skybench.release.building.generator_identity import code_digest
from skybench.release.building.group import IDENTITY, ORDER, BuildOrder, GroupJob
from skybench.release.building.group_hashes import (
    SAMPLES,
    finished_starts,
    read_hashes,
    read_samples,
)

_FORMAT = "skybench-build-2"

BLOCKS = "blocks"
"""The folder of the digests of blocks that a manifest does not list."""


class FinishedBuild(BaseModel):
    """The file ``<name>.build.json`` beside a finished store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: str
    chunk_count: int
    content: ContentHash


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """A recipe with the place and the form of the store that it is built into.

    Attributes
    ----------
    recipe : Recipe
        With the number of samples to make.
    template : Dataset
        Its dataset with no samples.
    layout : Layout
        Rows of chunks, shards and groups.
    algorithm : str
        Of the content hash.
    identity : str
        Tells apart builds whose groups must not be mixed: recipe, layout, generator code.
    home, name
        The folder of the target and its name there.
    work : Store
        The folder of unfinished work.
    """

    recipe: Recipe
    template: xr.Dataset
    layout: Layout
    algorithm: Algorithm
    identity: str
    home: Store
    name: str
    work: Store

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        target: str,
        chunk_rows: int | None,
        shard_rows: int | None,
        algorithm: Algorithm,
    ) -> "BuildPlan":
        """Return the plan of building a recipe into a path or URL."""
        template = empty(recipe)
        hashed_attributes(template, algorithm)  # what no hash covers is refused before a render
        layout = choose_layout(template, recipe.samples, chunk_rows, shard_rows)
        home, name = _split_url(target)
        return cls(
            recipe=recipe,
            template=template,
            layout=layout,
            algorithm=algorithm,
            identity=_identity(recipe, layout, algorithm),
            home=home,
            name=name,
            work=Store(home.url_of(f"{name}.building")),
        )

    @property
    def url(self) -> str:
        """The target."""
        return self.home.url_of(self.name)

    @property
    def data_url(self) -> str:
        """Where chunks are written: out of sight on a disk, in place where a move is a copy."""
        return self.work.url_of("data.zarr") if self.home.is_local else self.url

    def finished(self) -> FinishedBuild | None:
        """Return what this build left when it finished, None if it did not yet.

        Raises
        ------
        VersionConflictError
            Something else is at the target.
        """
        found = self._read_finished()
        target_exists = self.home.exists(self.name)
        if found is not None and found.identity == self.identity and target_exists:
            self._clear_away()
            return found
        if target_exists and (self.home.is_local or not self.work.exists(IDENTITY)):
            msg = (
                f"{self.url} exists and is not this build of {self.recipe.name} with "
                f"{self.recipe.samples} samples; delete it or choose another target"
            )
            raise VersionConflictError(msg)
        return None

    def start_or_resume(self) -> set[int]:
        """Return the first rows of finished groups, after laying the store down if need be."""
        try:
            same = self.work.read_text(IDENTITY) == self.identity
        except NotFoundError:
            same = False
        if same:
            with suppress(NotFoundError, IntegrityError):  # damaged, and laid down again
                return self._whole_groups()
        for name in self.work.names(""):
            if not name.startswith("."):
                self.work.remove(name)
        self.work.write(IDENTITY, "incomplete")
        create(self.data_url, self.template, self.recipe.samples, self.layout)
        self.work.flush("data.zarr")
        self.work.write(ORDER, self.order.text)
        self.work.write(IDENTITY, self.identity)
        return set()

    @property
    def order(self) -> BuildOrder:
        """What all tasks share."""
        return BuildOrder(
            recipe=self.recipe.portable_json,
            url=self.data_url,
            identity=self.identity,
            code=code_digest(),
            layout=self.layout,
        )

    def jobs(self, done: set[int]) -> list[GroupJob]:
        """Return the tasks that build the groups that are not done."""
        order = self.order.digest
        return [
            GroupJob(
                work=self.work.url,
                order=order,
                start=start,
                stop=stop,
                secret_seed=self.recipe.secret_seed,
            )
            for start, stop in self.groups
            if start not in done
        ]

    @property
    def groups(self) -> list[tuple[int, int]]:
        """The (start, stop) rows of each group."""
        return self.layout.groups(self.recipe.samples)

    def keep_blocks(self, name: str, digests: bytes) -> None:
        """Keep the digests of the blocks of a variable that has too many for a manifest."""
        self.work.write(f"{BLOCKS}/{name}", digests, durable=False)

    def finish(self, finished: FinishedBuild) -> None:
        """Put the finished store in place, with what lies beside it and tells what it is."""
        if not self._folders:
            parts = [self.work.read_bytes(f"{SAMPLES}/{n}") for n in self.work.names(SAMPLES)]
            self.home.write(self._beside(SAMPLES), b"".join(parts))
        if self.home.is_local:
            self._remove_partial_files()
            self.work.flush("data.zarr", *self._folders)
        self.home.write(self._beside("build.json"), finished.model_dump_json())
        if self.home.is_local:
            self.home.move(f"{self.work_key}/data.zarr", self.name)
        self._clear_away()

    def _clear_away(self) -> None:
        """Move the digests of a large build to beside it, and delete the work folder."""
        for folder in self._folders:
            if self.work.exists(folder):
                self.home.move(f"{self.work_key}/{folder}", self._beside(folder))
        self.home.remove(self.work_key)

    @property
    def _folders(self) -> tuple[str, ...]:
        """The folders of digests that are published as they are, of a build that is large."""
        return (SAMPLES, BLOCKS) if self.recipe.samples > INLINE_ROWS else ()

    @property
    def work_key(self) -> str:
        """The folder of unfinished work, inside the target's."""
        return f"{self.name}.building"

    def _beside(self, suffix: str) -> str:
        return beside(self.name, suffix)

    def _read_finished(self) -> FinishedBuild | None:
        try:
            return FinishedBuild.model_validate_json(
                self.home.read_text(self._beside("build.json"))
            )
        except (NotFoundError, ValidationError):
            return None

    def _whole_groups(self) -> set[int]:
        """Return the first rows of the groups that need not be built again.

        On a disk their rows are read and hashed: a shard is not flushed as it is written, which
        would slow down every build, so after a loss of power less may be there than was noted.
        """
        if self.work.read_bytes(ORDER) != self.order.text:
            msg = f"{self.work.url_of(ORDER)} is not the order of this build"
            raise IntegrityError(msg)
        ds = open_raw(self.data_url, chunked=False) if self.home.is_local else None
        return {start for start in finished_starts(self.work) if self._is_whole(ds, start)}

    def _is_whole(self, ds: xr.Dataset | None, start: int) -> bool:
        group = read_hashes(self.work, self.identity, start)
        samples = None if group is None else read_samples(self.work, group)
        if group is None or samples is None:
            return False
        return ds is None or all(
            np.array_equal(_digests(ds, first, stop), samples[first - start : stop - start])
            for first, stop in self.layout.pieces(group.stop, start)
        )

    def _remove_partial_files(self) -> None:
        """Delete what writers left that were killed while they wrote."""
        data = self.work.local_path("data.zarr")
        for path in (*data.rglob("*.partial"), *data.rglob(".*.tmp")):
            path.unlink(missing_ok=True)


def beside(name: str, suffix: str) -> str:
    """Return the name of what lies beside a Zarr store."""
    return f"{name.removesuffix('.zarr')}.{suffix}"


def stored_digests(url: str) -> Digests:
    """Return the digests of the samples of a finished build."""
    home, name = _split_url(url)
    key = beside(name, SAMPLES)
    parts = [f"{key}/{part}" for part in home.names(key) if part.isdecimal()]
    data = b"".join(map(home.read_bytes, parts or [key]))
    return np.frombuffer(data, np.uint8).reshape(-1, 32)


def _digests(ds: xr.Dataset, start: int, stop: int) -> Digests:
    """Return the digests of samples as they are stored, none where they cannot be read."""
    stored = ds.isel({SAMPLE_DIM: slice(start, stop)}).variables
    try:
        return sample_digests(
            {str(n): leaves(v.values) for n, v in stored.items() if SAMPLE_DIM in v.dims}
        )
    except Exception:  # codecs raise anything
        return np.empty((0, 32), np.uint8)


def _split_url(target: str) -> tuple[Store, str]:
    url = Store(target).url.rstrip("/") if target else ""
    parent, _, name = url.rpartition("/")
    if not parent or not name or name.startswith("."):
        msg = f"{target!r} is not a place for a Zarr store; expected one like out/sky.zarr"
        raise ParameterError(msg)
    return Store(parent), name


def _identity(recipe: Recipe, layout: Layout, algorithm: Algorithm) -> str:
    described = {
        "format": _FORMAT,
        "algorithm": algorithm,
        "recipe": recipe.model_dump(mode="json"),
        # Canonical JSON sorts keys, but the order of the classes gives them their codes.
        "classes": recipe.class_names,
        "layout": [layout.chunk_rows, layout.shard_rows, layout.group_rows],
        "code": code_digest(),
        "numpy": np.__version__,
    }
    return sha256(canonical_json(described)).hexdigest()
