"""Injection into many frames: a part each, by any number of workers, joined into one dataset.

The parts lie in a folder, a Zarr store for each frame, and one that is there is not made again: so
a run goes on where it was stopped, and the tasks of a queue's job array share the frames.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr
from pydantic import JsonValue

from skybench.errors import NotFoundError, ParameterError
from skybench.generators.generate import GENERATOR
from skybench.registry.exports.export import write_dataset
from skybench.registry.exports.zarr import ZARR
from skybench.registry.hashing.content_hash import canonical_json
from skybench.registry.progress_bar import progress_bar
from skybench.release.building.scheduler import available_cpus, check_workers, run_tasks
from skybench.release.publishing.finished_dataset import DatasetDescription
from skybench.survey.completeness import completeness_rounds
from skybench.survey.cutouts import SIDE, cutouts, joined
from skybench.survey.gallery import detected, real_and_fake
from skybench.survey.inject import inject
from skybench.survey.population import as_recipe
from skybench.survey.reading import FrameFiles, file_digest, read_frame

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

_ORDER = "injection_order"
"""Attribute of a part: the digest of what it was made from."""

_TARGETS = ("half_light_radius", "sersic_index", "axis_ratio")


@dataclass(frozen=True, kw_only=True)
class InjectionOptions:
    """What is injected into each frame.

    Parameters
    ----------
    catalogue : str
        A file, a recipe's or a packaged recipe's name.
    count : int, optional
        Sources a frame.
    seed : int
        Of places, photon noise and splits.
    side : int
        Of cutouts, pixels.
    separation : float
        Pixels between two sources. Default: half a cutout.
    clearance : int
        Pixels about masked ones that are left out.
    """

    catalogue: str
    count: int | None = None
    seed: int = 0
    side: int = SIDE
    separation: float | None = None
    clearance: int = 3


@dataclass(frozen=True, kw_only=True)
class InjectionJob:
    """A frame, and where its part is to be.

    Attributes
    ----------
    frame : FrameFiles
    number : int
        Of the frame, by which it takes other rows of the catalogue than the frames before it.
    options : InjectionOptions
    catalogue_sha256 : str
        Of the catalogue's file, or of the recipe as it is recorded.
    path : str
    """

    frame: FrameFiles
    number: int
    options: InjectionOptions
    catalogue_sha256: str
    path: str

    @property
    def order(self) -> str:
        """SHA-256 of what decides the part: the content of the files, wherever they lie."""
        asked = {"number": self.number, "generator": GENERATOR, "frame": self.frame.digest}
        options = asdict(self.options) | {"catalogue": self.catalogue_sha256}
        return sha256(canonical_json(asked | {"options": options})).hexdigest()


def jobs_of(
    frames: Sequence[FrameFiles], options: InjectionOptions, folder: str | Path
) -> list[InjectionJob]:
    """Return a job for each frame.

    Raises
    ------
    RecipeError
        The catalogue is neither a file nor a recipe.
    """
    catalogue = _digest_of(options.catalogue)
    return [
        InjectionJob(
            frame=frame,
            number=number,
            options=options,
            catalogue_sha256=catalogue,
            path=str(Path(folder) / f"part-{number:06d}.zarr"),
        )
        for number, frame in enumerate(frames)
    ]


def inject_into(job: InjectionJob) -> int:
    """Make the part of a frame unless it is there; return 1, the frames that are done.

    Raises
    ------
    ParameterError
        As `inject`; or another run's part is in its place.
    """
    path = Path(job.path)
    if path.exists():
        _part(job)
        return 1
    options = job.options
    frame = read_frame(job.frame.rows, name=job.frame.name)
    made = inject(
        frame,
        catalogue=options.catalogue,
        count=options.count,
        first=job.number * (options.count or 0),
        seed=options.seed,
        separation=options.side / 2 if options.separation is None else options.separation,
        border=options.side // 2,
        clearance=options.clearance,
    )
    whole = cutouts(made, options.side)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dataset(whole.assign_attrs({_ORDER: job.order, "frame_sha256": frame.sha256}), path, ZARR)
    return 1


def share_of(jobs: Sequence[InjectionJob], task: str | None) -> list[InjectionJob]:
    """Return every n-th job for task ``i/n`` of a job array, i from 0; all of them for None.

    Raises
    ------
    ParameterError
        It is written in another way.
    """
    if task is None:
        return list(jobs)
    first, _, count = task.partition("/")
    if not (first.isdecimal() and count.isdecimal() and int(first) < int(count)):
        msg = f"a task is written 0/16, 1/16, … 15/16, got {task!r}"
        raise ParameterError(msg)
    return list(jobs[int(first) :: int(count)])


def run(
    jobs: Sequence[InjectionJob],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
) -> None:
    """Make the parts of all jobs, in threads, in processes or on a dask cluster.

    Parameters
    ----------
    jobs : sequence of InjectionJob
    workers : int, optional
        On this machine. Default: one a processor.
    scheduler : str, optional
        Address of a running dask scheduler, whose workers reach frames and parts.
    progress : bool
        Show a progress bar.
    """
    check_workers(workers)
    with progress_bar("Injecting", len(jobs), shown=progress) as advance:
        run_tasks(
            inject_into,
            jobs,
            workers=workers or available_cpus(),
            threads=None,
            scheduler=scheduler,
            on_done=advance,
        )


def gathered(jobs: Sequence[InjectionJob], name: str, licence: str = "unknown") -> xr.Dataset:
    """Return the dataset of all parts, lazy.

    Raises
    ------
    ParameterError
        A part is missing, or of another run.
    """
    parts = [_part(job) for job in jobs]
    options = jobs[0].options
    whole = joined(
        [part.drop_attrs(deep=False) for part in parts],
        [job.frame.name for job in jobs],
        [str(part.attrs["frame_sha256"]) for part in parts],
        seed=options.seed,
    )
    targets = [name for name in _TARGETS if name in whole.coords]
    return whole.assign_attrs(
        title=name.replace("_", " ").capitalize(),
        recipe=name,
        generator=GENERATOR,
        seed=options.seed,
        task="regression",
        targets=" ".join(targets),
        license=licence,
    )


def _part(job: InjectionJob) -> xr.Dataset:
    path = Path(job.path)
    if not path.exists():
        msg = f"{job.frame.name} has no part {path} yet; run its task first"
        raise ParameterError(msg)
    assert ZARR.read is not None
    part = ZARR.read(path)
    if part.attrs.get(_ORDER) != job.order:
        msg = (
            f"{path} is of another run than this one into {job.frame.name}, of other options or "
            "files; choose another folder, or delete it."
        )
        raise ParameterError(msg)
    return part


def recovered_from(jobs: Sequence[InjectionJob], rounds: int) -> "pd.DataFrame":
    """Return what is found again in all frames, a row a source; see `completeness_rounds`.

    Raises
    ------
    ParameterError
        The number of sources is not given.
    """
    import pandas as pd  # late: it takes a while

    options = jobs[0].options
    if options.count is None:
        msg = "say how many sources each round puts into a frame: --count 40"
        raise ParameterError(msg)
    tables = []
    for job in jobs:
        found = completeness_rounds(
            job.frame.read(),
            options.catalogue,
            rounds=rounds,
            count=options.count,
            seed=options.seed,
            separation=options.side / 2 if options.separation is None else options.separation,
        )
        tables.append(found.assign(frame=job.frame.name))
    return pd.concat(tables, ignore_index=True)


def gallery_of(jobs: Sequence[InjectionJob], fakes: xr.Dataset) -> "Image.Image":
    """Return the page of what the frames show, beside the cutouts that were injected."""
    side = jobs[0].options.side
    real = [detected(job.frame.read(), side) for job in jobs]
    return real_and_fake(xr.concat(real, "sample", combine_attrs="override"), fakes)


def description_of(ds: xr.Dataset, jobs: Sequence[InjectionJob]) -> DatasetDescription:
    """Return what the manifest of a gathered dataset says of it."""
    options = jobs[0].options
    names = str(ds["frame"].attrs["flag_meanings"]).split()
    frames: list[JsonValue] = [
        {"name": name, "sha256": f"sha256:{bytes(digest).hex()}"}
        for name, digest in zip(names, ds["frame_sha256"].values, strict=True)
    ]
    provenance: dict[str, JsonValue] = {
        **asdict(options),
        "catalogue": {"file": Path(options.catalogue).name, "sha256": jobs[0].catalogue_sha256},
        "frames": frames,
    }
    title = str(ds.attrs["title"])
    return DatasetDescription(
        name=str(ds.attrs["recipe"]),
        title=title,
        description=f"{title}: simulated sources in {len(frames)} real frames.",
        samples=ds.sizes["sample"],
        family="injection",
        provenance=provenance,
        targets=tuple(str(ds.attrs["targets"]).split()),
        licence=str(ds.attrs["license"]),
    )


def _digest_of(catalogue: str) -> str:
    """Return the SHA-256 of a catalogue's file, or of a recipe with all that it has read."""
    recipe = as_recipe(catalogue)
    if recipe is not None:
        return f"sha256:{sha256(recipe.portable_json.encode()).hexdigest()}"
    path = Path(catalogue)
    if not path.is_file():
        msg = f"there is no catalogue {path}."
        raise NotFoundError(msg)
    return f"sha256:{file_digest(path)}"
