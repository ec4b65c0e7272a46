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
    Algorithm,
    ContentHash,
    Digests,
    canonical_json,
    hashed_attributes,
)
from skybench.registry.storage.store import Store
from skybench.release.building.generator_identity import code_digest
from skybench.release.building.shard import IDENTITY, ShardJob, hashed
from skybench.release.building.shard_hashes import finished_starts, read_hashes

_FORMAT = "skybench-build-1"


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
        Chunk and shard rows.
    algorithm : str
        Of the content hash.
    identity : str
        Tells apart builds whose shards must not be mixed: recipe, layout, generator code.
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

    @property
    def points(self) -> int:
        """Values in the data of the whole dataset."""
        return self.recipe.samples * self.recipe.points

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
            self.home.remove(self.work_key)
            return found
        if target_exists and (self.home.is_local or not self.work.exists(IDENTITY)):
            msg = (
                f"{self.url} exists and is not this build of {self.recipe.name} with "
                f"{self.recipe.samples} samples; delete it or choose another target"
            )
            raise VersionConflictError(msg)
        return None

    def start_or_resume(self) -> set[int]:
        """Return the first rows of finished shards, after laying the store down if need be."""
        try:
            same = self.work.read_text(IDENTITY) == self.identity
        except NotFoundError:
            same = False
        if same:
            with suppress(NotFoundError, IntegrityError):  # damaged, and laid down again
                return self._whole_shards()
        for name in self.work.names(""):
            if not name.startswith("."):
                self.work.remove(name)
        self.work.write(IDENTITY, "incomplete")
        create(self.data_url, self.template, self.recipe.samples, self.layout)
        self.work.flush("data.zarr")
        self.work.write(IDENTITY, self.identity)
        return set()

    def jobs(self, done: set[int]) -> list[ShardJob]:
        """Return the tasks that build the shards that are not done."""
        return [
            ShardJob(
                recipe=self.recipe.model_dump_json(),
                url=self.data_url,
                progress_url=self.work.url,
                identity=self.identity,
                code=code_digest(),
                start=start,
                stop=stop,
                layout=self.layout,
                secret_seed=self.recipe.secret_seed,
            )
            for start, stop in self.layout.shards(self.recipe.samples)
            if start not in done
        ]

    def finish(self, finished: FinishedBuild, sample_digests: Digests) -> None:
        """Put the finished store in place, with the files beside it that tell what it is."""
        self.home.write(self._beside("samples"), sample_digests.data)
        if self.home.is_local:
            self._remove_partial_files()
            self.work.flush("data.zarr")
        self.home.write(self._beside("build.json"), finished.model_dump_json())
        if self.home.is_local:
            self.home.move(f"{self.work_key}/data.zarr", self.name)
        self.home.remove(self.work_key)

    def stored_digests(self) -> Digests:
        """Return the sample digests of a finished build."""
        data = self.home.read_bytes(self._beside("samples"))
        return np.frombuffer(data, np.uint8).reshape(-1, 32)

    @property
    def work_key(self) -> str:
        """The folder of unfinished work, inside the target's."""
        return f"{self.name}.building"

    def _beside(self, suffix: str) -> str:
        return f"{self.name.removesuffix('.zarr')}.{suffix}"

    def _read_finished(self) -> FinishedBuild | None:
        try:
            return FinishedBuild.model_validate_json(
                self.home.read_text(self._beside("build.json"))
            )
        except (NotFoundError, ValidationError):
            return None

    def _whole_shards(self) -> set[int]:
        """Return the first rows of the shards that need not be built again.

        On a disk their rows are read and hashed: a shard is not flushed as it is written, which
        would slow down every build, so after a loss of power less may be there than was noted.
        """
        noted = finished_starts(self.work, self.identity)
        if not self.home.is_local:
            return noted
        ds = open_raw(self.data_url, chunked=False)
        return {start for start in noted if self._is_whole(ds, start)}

    def _is_whole(self, ds: xr.Dataset, start: int) -> bool:
        noted = read_hashes(self.work, self.identity, start)
        if noted is None:
            return False
        rows = ds.isel({SAMPLE_DIM: slice(start, start + len(noted.samples))}).variables
        try:
            columns = {str(n): v.values for n, v in rows.items() if SAMPLE_DIM in v.dims}
        except Exception:  # codecs raise anything
            return False
        return np.array_equal(hashed(start, columns).samples, noted.samples)

    def _remove_partial_files(self) -> None:
        """Delete what writers left that were killed while they wrote."""
        data = self.work.local_path("data.zarr")
        for path in (*data.rglob("*.partial"), *data.rglob(".*.tmp")):
            path.unlink(missing_ok=True)


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
        "layout": [layout.chunk_rows, layout.shard_rows],
        "code": code_digest(),
        "numpy": np.__version__,
    }
    return sha256(canonical_json(described)).hexdigest()
