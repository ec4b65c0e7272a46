"""What a dataset of 10^8 samples asks for, shown by a plan without pixels and a sparse store."""

import os
import pickle
import tempfile
from dataclasses import replace
from functools import cache

import numpy as np

from harness import Work, row

FAKE = "sha256:" + "0" * 64
PIECE = 1024
SHARES = {"train": 512, "validation": 256, "test": 256}
"""Of a piece: whole blocks of each split, so that all groups of pieces have the same blocks."""


@cache
def recipe_of(samples):
    from skybench.generators.recipe_file import load_recipe

    return load_recipe("objects").model_copy(update={"samples": samples})


@cache
def template():
    from skybench.generators.generate import empty

    return empty(recipe_of(1))


def layout_of(samples):
    from skybench.registry.arrays.zarr_format import choose_layout

    return choose_layout(template(), samples)


def plan_of(samples):
    from skybench.release.building.build_plan import BuildPlan

    return BuildPlan.of(recipe_of(samples), "memory://plan/a.zarr", None, None, "skyhash-2")


@cache
def piece():
    """Return the columns of some objects, to be repeated."""
    from skybench.generators.generate import generate_as_stored

    some = generate_as_stored(recipe_of(PIECE), 0, PIECE)
    columns = {str(n): v.values for n, v in some.variables.items() if "sample" in v.dims}
    codes = np.repeat(np.arange(3, dtype="i1"), [*SHARES.values()])
    return columns | {"split": codes}


@row(
    "objects planned, layout and jobs, in samples a second",
    peer="",
    items=10**8,
    tiny=10**5,
    limit=100_000,
    note="The error is the number of files.",
)
def files(items):
    def ours():
        assert plan_of(items).jobs(set())
        return items

    def error():
        from skybench.registry.arrays.zarr_format import metadata_of

        return len(metadata_of(template(), items, layout_of(items)).file_keys())

    return Work(ours=ours, error=error)


@row(
    "jobs of objects pickled, in jobs a second",
    peer="",
    items=10**8,
    tiny=10**5,
    limit=500,
    note="The error is the bytes of a job, which names the recipe by the hash of its order.",
)
def jobs(items):
    made = plan_of(items).jobs(set())

    def ours():
        for job in made:
            pickle.dumps(job)
        return len(made)

    return Work(ours=ours, error=lambda: len(pickle.dumps(made[-1])))


@row(
    "progress of objects, in samples hashed a second",
    peer="",
    items=10**8,
    tiny=10**4,
    limit=40,
    note="""The error is the bytes that a record has for each of its samples, apart from the digests
    of the samples, 32 bytes each, which are published as they are. Blocks of splits that reach into
    other groups are among them.""",
)
def progress(items):
    from skybench.generators.schema import SPLITS
    from skybench.generators.strata import deal, splits_before
    from skybench.registry.storage.store import Store
    from skybench.release.building.group_hashes import GroupHasher, write_hashes

    layout, recipe = layout_of(items), recipe_of(items)
    start, stop = layout.groups(items)[min(5, len(layout.groups(items)) - 1)]
    fractions = list(recipe.split_fractions.values())
    codes = deal(recipe.seed, start, stop, [1.0], fractions)[1].astype("i1")
    before = dict(zip(SPLITS, splits_before(recipe.seed, start, fractions), strict=True))
    made = []

    def ours():
        hasher = GroupHasher(start, template(), before)
        for first in range(0, stop - start, PIECE):
            hasher.add(piece() | {"split": codes[first : first + PIECE]})
        made.append(hasher.result())
        return stop - start

    def error():
        store = Store("memory://progress")
        write_hashes(store, "a" * 64, *made[-1])
        return store.size(f"progress/{start:012d}") / (stop - start)

    return Work(ours=ours, error=error)


@cache
def sparse(items):
    """Return a store with a version of about so many objects, and its folder.

    They are one piece repeated. The files of one group stand, by hard links, for those of all.
    """
    from skybench.registry.storage.store import Store, zarr_name

    folder = tempfile.TemporaryDirectory()
    layout = layout_of(items)
    samples = items // layout.group_rows * layout.group_rows
    assert layout_of(samples) == layout
    work = Store(os.path.join(folder.name, "work"))
    content = _laid_down(work, layout, samples)
    name = zarr_name("objects", "0.9", content.root).removesuffix(".zarr")
    published = Store(folder.name)
    for suffix in work.names(""):
        published.move(f"work/{suffix}", f"objects/0.9/{name}.{suffix}")
    _publish(published, content, samples, name)
    return published, folder


def _laid_down(work, layout, samples):
    """Write the first group, link it for the others, and return the content hash of all."""
    from skybench.registry.arrays.zarr_format import RowWriter, create
    from skybench.release.building.group_hashes import GroupHasher, content_of_groups

    url, starts = work.url_of("zarr"), range(0, samples, layout.group_rows)
    create(url, template(), samples, layout)
    writer = RowWriter(url, 0, layout)
    hasher = GroupHasher(0, template(), dict.fromkeys(SHARES, 0))
    for _ in range(layout.group_rows // PIECE):
        writer.add(piece())
        hasher.add(piece())
    writer.close()
    hashes, digests = hasher.result()
    _linked(work, len(starts))
    _samples_written(work, digests, len(starts))
    groups = (replace(hashes, start=start) for start in starts)

    def keep(name, data):
        work.write(f"blocks/{name}", data, durable=False)

    return content_of_groups(template(), samples, groups, "skyhash-2", keep)


def _linked(work, groups):
    """Link the shards of the first group under the names of those of the others."""
    for name in piece():
        array = work.local_path(f"zarr/{name}")
        first = sorted((array / "c").iterdir(), key=lambda path: int(path.name))
        for number in range(len(first), groups * len(first)):
            _link(first[number % len(first)], array / "c" / str(number))


def _link(source, target):
    for path in [source, *source.rglob("*")]:
        place = target / path.relative_to(source)
        if path.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, place)


def _samples_written(work, digests, groups):
    from skybench.registry.hashing.content_hash import INLINE_ROWS

    if groups * len(digests) <= INLINE_ROWS:
        work.write("samples", np.tile(digests, (groups, 1)).data, durable=False)
        return
    for number in range(groups):
        work.write(f"samples/{number * len(digests):012d}", digests.data, durable=False)


def _publish(store, content, samples, name):
    from skybench.registry.proof.file_check import file_digest
    from skybench.registry.storage.store import MANIFEST
    from skybench.registry.versions.index import append
    from skybench.registry.versions.manifest import digest_of

    metadata = f"{name}.zarr/zarr.json"
    digests = {metadata: file_digest(store, f"objects/0.9/{metadata}")}
    sizes = store.sizes("objects/0.9")
    text = manifest_of(content, samples, name, sizes, digests).to_text()
    store.write(f"objects/0.9/{MANIFEST}", text)
    append(store, dataset="objects", version="0.9", manifest=digest_of(text), content=content.root)


def manifest_of(content, samples, name, sizes, digests):
    """Return the manifest of a version with files of these sizes.

    Of their digests only those that are given are true; no opening compares others.
    """
    from skybench.registry.arrays.zarr_documents import METADATA
    from skybench.registry.versions.manifest import (
        FORMAT_BESIDE,
        Manifest,
        StoredObject,
        format_of,
    )

    recipe, form = recipe_of(samples), format_of(content)
    return Manifest(
        format=form,
        dataset="objects",
        version="0.9",
        title=recipe.title,
        description=recipe.description,
        created="2026-11-27T20:00:00Z",
        recipe=recipe.model_dump(mode="json"),
        generator={"skybench": "0.3.0"},
        content=content,
        samples=samples,
        splits={name: split.samples for name, split in content.splits.items()},
        task=recipe.task,
        classes=tuple(recipe.class_names),
        ranges={},
        licence=recipe.licence,
        citation=recipe.citation,
        zarr=f"{name}.zarr",
        sample_digests=f"{name}.samples",
        blocks=f"{name}.blocks" if form == FORMAT_BESIDE else None,
        chunk_count=sum(".zarr/" in key and not key.endswith(METADATA) for key in sizes),
        objects=tuple(
            StoredObject(key=key, size=size, sha256=digests.get(key, FAKE))
            for key, size in sizes.items()
        ),
    )


@row(
    "the manifest of objects written and read, in samples a second",
    peer="",
    items=10**8,
    tiny=10**5,
    limit=5e6,
    note="The error is its bytes.",
)
def manifest(items):
    from skybench.registry.versions.manifest import Manifest

    text = planned_manifest(items)

    def ours():
        assert Manifest.from_text(text, "manifest.json").to_text() == text
        return items

    return Work(ours=ours, error=lambda: len(text.encode()))


def planned_manifest(samples):
    """Return the text of a manifest of so many objects that nobody made."""
    from skybench.registry.arrays.zarr_format import lengthened, metadata_of
    from skybench.registry.hashing.content_hash import (
        assemble_blocks,
        hashed_attributes,
        headers_of,
    )

    whole, layout = lengthened(template(), samples), layout_of(samples)
    headers = headers_of(whole)
    blocks = bytes(32 * -(-samples // 256))
    content = assemble_blocks(
        headers,
        lambda name, _="": blocks if headers[name]["dims"][0] == "sample" else bytes(32),
        dict.fromkeys(SHARES, samples // 3),
        hashed_attributes(whole, "skyhash-2"),
    )
    name = f"objects-1.0-{'0' * 12}"
    keys = [f"{name}.zarr/{key}" for key in metadata_of(template(), samples, layout).file_keys()]
    sizes = dict.fromkeys(keys, 12_345_678)
    sizes |= {f"{name}.blocks/{variable}": len(blocks) for variable in piece()}
    for start, stop in layout.groups(samples):
        sizes[f"{name}.samples/{start:012d}"] = 32 * (stop - start)
    return manifest_of(content, samples, name, sizes, {}).to_text()


def _twice_as_slow(work, done, note):
    """Return a row that compares 10^7 samples with 10^4."""

    @row(work, peer="10^4", items=10**7, tiny=10**5, needed=0.5, note=note)
    def compared(items):
        large, few = sparse(items)[0], sparse(10**4)[0]

        def timed(store):
            def run():
                done(store)
                return 1

            return run

        return Work(ours=timed(large), peer=timed(few))

    return compared


def _opened(store):
    import skybench

    assert skybench.open("objects@0.9", store=store).sizes["sample"]


def _verified(store):
    import skybench

    assert skybench.verify("objects@0.9", store=store).ok


opening = _twice_as_slow("10^7 objects opened, verify=fast", _opened, "Of a sparse store.")
verifying = _twice_as_slow("10^7 objects verified, fast", _verified, "Of a sparse store.")
