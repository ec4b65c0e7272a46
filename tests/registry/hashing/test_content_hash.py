"""The content hash identifies what a dataset says: storage never changes it, content always."""

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skybench.errors import IntegrityError
from skybench.registry.hashing.content_hash import (
    BLOCK_ROWS,
    ContentHash,
    assemble,
    hash_dataset,
    hash_dataset_and_samples,
    headers_of,
    leaves,
)
from skybench.registry.hashing.parts import members_of

DOCS = Path(__file__).parents[3] / "docs"
CASES: list[dict[str, Any]] = json.loads((DOCS / "skyhash-1-vectors.json").read_text("utf-8"))
NEW: list[dict[str, Any]] = json.loads((DOCS / "skyhash-2-vectors.json").read_text("utf-8"))
SPLITS = ("train", "test", "spare")
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def flags(*meanings: str) -> dict[str, Any]:
    codes = np.arange(len(meanings), dtype="i1")
    return {"flag_values": codes, "flag_meanings": " ".join(meanings)}


def sky(samples: int = 20, seed: int = 0) -> xr.Dataset:
    """A dataset of every form that a store holds."""
    random = np.random.default_rng(seed)
    flux = random.random((samples, 3)).astype("f4")
    flux[flux < 0.3] = np.nan
    along = "sample"
    return xr.Dataset(
        {"image": ((along, "y", "x"), random.poisson(9, (samples, 4, 5)).astype("i4"))},
        coords={
            "sample_id": (along, np.arange(samples)),
            "split": (along, (np.arange(samples) % 3).astype("i1"), flags(*SPLITS)),
            "sky_level": (along, random.random(samples), {"units": "electron"}),
            "flux": ((along, "source"), flux, {"units": "electron"}),
            "present": ((along, "class"), random.integers(0, 2, (samples, 2)).astype("i1")),
            "class": ("class", np.arange(2, dtype="i1"), flags("star", "galaxy")),
        },
    )


def code_of(page: str) -> dict[str, Any]:
    """What the code on a page defines."""
    text = (DOCS / page).read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope


ONE, TWO = code_of("skyhash-1.md"), code_of("skyhash-2.md")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
class TestVectors:
    def test_the_document_s_own_code_gives_the_root(self, case):
        assert ONE["dataset_root"](case["variables"]) == case["expected"]["root"]
        assert TWO["dataset_root"](_listed(case["variables"])) == case["expected"]["root"]

    def test_the_document_prints_the_root(self, case):
        line = f"| {case['title']} | `{case['expected']['root']}` |"
        assert line in (DOCS / "skyhash-1.md").read_text("utf-8").splitlines()

    def test_hash_dataset_gives_every_digest(self, case):
        _check_digests(dataset_of_list(_listed(case["variables"])), case["expected"], "skyhash-1")


@pytest.mark.parametrize(
    "case", [case for case in NEW if "expected" in case], ids=lambda case: case["title"]
)
class TestVectorsWithAttributes:
    def test_the_document_s_own_code_gives_the_root(self, case):
        root = TWO["dataset_root"](case["variables"], case["attributes"])
        assert root == case["expected"]["root"]

    def test_the_document_prints_the_root(self, case):
        line = f"| {case['title']} | `{case['expected']['root']}` |"
        assert line in (DOCS / "skyhash-2.md").read_text("utf-8").splitlines()

    def test_hash_dataset_gives_every_digest(self, case):
        ds = dataset_of_list(case["variables"], case["attributes"])
        _check_digests(ds, case["expected"], "skyhash-2")

    def test_the_roots_of_variables_are_those_of_skyhash_1(self, case):
        plain = dataset_of_list(case["variables"])
        roots = {n: v.root for n, v in hash_dataset(plain, "skyhash-1").variables.items()}
        assert roots == case["expected"]["variables"]


@pytest.mark.parametrize(
    "case", [case for case in NEW if "refused" in case], ids=lambda case: case["title"]
)
def test_what_the_document_refuses_has_no_hash(case):
    with pytest.raises(ValueError, match=r"."):
        TWO["dataset_root"](case["variables"], case["attributes"])
    with pytest.raises(IntegrityError):
        hash_dataset(dataset_of_list(case["variables"], case["attributes"]))


def test_one_code_may_be_a_number_and_numbers_are_not_what_they_equal():
    roots = {case["title"]: case["expected"]["root"] for case in NEW if "expected" in case}
    assert roots["one code as a number"] == roots["one code in a list"]
    ds = xr.Dataset({"label": ("sample", np.zeros(1, "i1"))})
    values = [1, 1.0, True, "1", [1], 0.0, -0.0]
    assert len({hash_dataset(ds.assign_attrs(value=value)).root for value in values}) == len(values)


@pytest.mark.parametrize("value", [np.nan, np.float32("nan"), np.array([1.0, np.nan])])
def test_nan_is_no_attribute(value):
    with pytest.raises(IntegrityError, match="an attribute 'zeropoint' of"):
        hash_dataset(sky().assign_attrs(zeropoint=value))


def _check_digests(ds: xr.Dataset, expected: dict[str, Any], algorithm: Any) -> None:
    content, samples = hash_dataset_and_samples(ds, algorithm)
    assert content.algorithm == algorithm
    assert content.root == expected["root"]
    assert {name: v.root for name, v in content.variables.items()} == expected["variables"]
    assert {name: v.root for name, v in content.splits.items()} == expected["splits"]
    assert [row.tobytes().hex() for row in samples] == expected["samples"]


def _listed(variables: dict[str, Any]) -> list[dict[str, Any]]:
    """Variables of the older vectors in the form of the newer ones."""
    names = ("units", "flag_values", "flag_meanings")
    return [
        entry | {"name": name, "attributes": {n: entry[n] for n in names if entry[n] is not None}}
        for name, entry in variables.items()
    ]


def dataset_of_list(
    variables: list[dict[str, Any]], attributes: dict[str, Any] | None = None
) -> xr.Dataset:
    return xr.Dataset({entry["name"]: _variable_of(entry) for entry in variables}, attrs=attributes)


def _variable_of(entry: dict[str, Any]) -> xr.Variable:
    dtype = np.dtype(entry["dtype"]).newbyteorder("<")
    values = np.frombuffer(bytes.fromhex("".join(entry["rows"])), dtype).reshape(entry["shape"])
    return xr.Variable(entry["dims"], values.astype(entry["dtype"]), entry["attributes"])


class TestDoesNotChange:
    @QUICK
    @given(chunk=st.integers(1, 9), per_shard=st.integers(1, 3), plain=st.booleans())
    def test_with_chunks_shards_and_codec(self, chunk, per_shard, plain, tmp_path):
        ds = sky()
        shape = {"chunks": (chunk, 4, 5), "shards": (chunk * per_shard, 4, 5)}
        encoding = {"image": shape | ({"compressors": None} if plain else {})}
        path = tmp_path / f"{chunk}-{per_shard}-{plain}.zarr"
        ds.to_zarr(path, mode="w", encoding=encoding, consolidated=False, zarr_format=3)
        stored = xr.open_zarr(path, chunks={}, consolidated=False)
        assert hash_dataset(stored) == hash_dataset(ds)

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_with_the_zarr_format(self, zarr_format, tmp_path):
        sky().to_zarr(tmp_path / "a.zarr", zarr_format=zarr_format, consolidated=False)
        assert zarr.open_group(tmp_path / "a.zarr").metadata.zarr_format == zarr_format
        stored = xr.open_zarr(tmp_path / "a.zarr", consolidated=False, mask_and_scale=False)
        stored.flux.attrs.pop("_FillValue", None)  # that xarray writes, and skybench does not
        stored.sky_level.attrs.pop("_FillValue", None)
        assert hash_dataset(stored) == hash_dataset(sky())

    @QUICK
    @given(chunk=st.integers(1, 40), other=st.integers(1, 40))
    def test_when_read_lazily(self, chunk, other):
        ds = sky(37)
        lazy = ds.chunk(sample=chunk)
        lazy["flux"] = ds.flux.chunk(sample=other)
        assert hash_dataset(lazy) == hash_dataset(ds)

    def test_with_byte_order_and_memory_layout(self):
        ds = sky()
        other = ds.copy()
        for name in ("image", "sky_level", "flux", "sample_id"):
            values = np.asfortranarray(ds[name].values.astype(ds[name].dtype.newbyteorder(">")))
            other[name] = ds[name].copy(data=values)
        assert other.image.dtype.byteorder == ">"
        assert hash_dataset(other) == hash_dataset(ds)

    @pytest.mark.parametrize(("bits", "first"), [("f2", 0x7C01), ("f4", 0x7F800001), ("f8", None)])
    def test_with_the_payload_of_nan(self, bits, first):
        pattern = first or 0xFFF0000000000123
        odd = np.array([pattern], f"u{bits[1]}").view(bits)
        plain = np.array([np.nan], bits)
        assert np.isnan(odd[0])
        assert odd.tobytes() != plain.tobytes()
        np.testing.assert_array_equal(leaves(odd), leaves(plain))
        assert odd.tobytes() == np.array([pattern], f"u{bits[1]}").tobytes(), "input was changed"

    def test_with_the_order_of_variables_their_role_and_wording(self):
        ds = sky()
        other = ds.reset_coords()[sorted(map(str, ds.variables), reverse=True)]
        other["image"].attrs["long_name"] = "reworded"
        other.attrs["title"] = "another"
        other.attrs["license"] = "CC0-1.0"
        assert hash_dataset(other) == hash_dataset(ds)

    def test_with_attributes_as_lists(self):
        ds = sky()
        ds["split"].attrs["flag_values"] = [0, 1, 2]
        assert hash_dataset(ds) == hash_dataset(sky())


class TestChanges:
    @QUICK
    @given(data=st.data())
    def test_with_any_flipped_bit(self, data):
        ds = sky(6)
        name = data.draw(st.sampled_from(["image", "sky_level", "sample_id", "present", "class"]))
        raw = bytearray(ds[name].values.tobytes())
        bit = data.draw(st.integers(0, 8 * len(raw) - 1))
        raw[bit // 8] ^= 1 << bit % 8
        values = np.frombuffer(bytes(raw), ds[name].dtype).reshape(ds[name].shape)
        changed = ds.assign_coords({name: (ds[name].dims, values, ds[name].attrs)})
        before, after = hash_dataset(ds), hash_dataset(changed)
        assert after.root != before.root
        differing = {v for v in before.variables if before.variables[v] != after.variables[v]}
        assert differing == {name}

    @QUICK
    @given(st.integers(0, 19), st.integers(0, 19))
    def test_with_swapped_rows(self, i, j):
        ds = sky()
        order = np.arange(20)
        order[[i, j]] = order[[j, i]]
        assert (hash_dataset(ds.isel(sample=order)).root == hash_dataset(ds).root) == (i == j)

    def test_with_a_name_a_unit_a_dimension_a_meaning_or_a_dtype(self):
        ds = sky()
        roots = {
            hash_dataset(changed).root
            for changed in (
                ds,
                ds.rename(image="picture"),
                ds.rename(x="column"),
                ds.assign_coords(sky_level=ds.sky_level.assign_attrs(units="electron/s")),
                ds.assign_coords(sky_level=("sample", ds.sky_level.values)),
                ds.assign_coords(split=ds.split.assign_attrs(flag_meanings="test train spare")),
                ds.assign(image=ds.image.astype("i8")),
                ds.drop_vars("present"),
            )
        }
        assert len(roots) == 8

    def test_with_what_the_attributes_of_the_dataset_mean(self):
        ds = sky().assign_attrs(pixel_scale_arcsec=0.26, zeropoint=30.0, reference_band="r")
        others = [ds.assign_attrs(zeropoint=25.0), ds.assign_attrs(pixel_scale_arcsec=0.3)]
        others += [ds.assign_attrs(reference_band="g"), ds.drop_attrs(deep=False)]
        made = [hash_dataset(each) for each in (ds, *others)]
        assert len({content.root for content in made}) == 5
        assert len({content.splits["test"].root for content in made}) == 5
        assert all(content.variables == made[0].variables for content in made)
        assert len({hash_dataset(each, "skyhash-1").root for each in (ds, *others)}) == 1

    def test_with_the_sign_of_zero(self):
        zero, minus = (xr.Dataset({"a": ("sample", np.array([v]))}) for v in (0.0, -0.0))
        assert hash_dataset(zero).root != hash_dataset(minus).root

    def test_with_the_shape_of_the_same_bytes(self):
        row = np.arange(6, dtype="i4")
        shapes = [(1, 6, 1), (1, 3, 2), (1, 2, 3)]
        roots = {
            hash_dataset(xr.Dataset({"a": (("sample", "y", "x"), row.reshape(shape))})).root
            for shape in shapes
        }
        assert len(roots) == 3


class TestNamesWhatDiffers:
    def test_sample_and_block(self):
        ds = sky(2 * BLOCK_ROWS + 5)
        damaged = ds.copy(deep=True)
        damaged.image[300, 0, 0] += 1
        before, samples_before = hash_dataset_and_samples(ds)
        after, samples_after = hash_dataset_and_samples(damaged)
        assert np.flatnonzero((samples_before != samples_after).any(axis=1)).tolist() == [300]
        blocks = zip(before.variables["image"].blocks, after.variables["image"].blocks, strict=True)
        assert [a != b for a, b in blocks] == [False, True, False]
        # Row 300 has code 0, train; the other splits stay what they are.
        assert [before.splits[s] == after.splits[s] for s in SPLITS] == [False, True, True]

    def test_a_split_alone_proves_itself(self):
        ds = sky(700)
        only = ds.isel(sample=np.flatnonzero(ds.split.values == 1))
        assert hash_dataset(only).root == hash_dataset(ds).splits["test"].root
        assert hash_dataset(ds).splits["test"].samples == only.sizes["sample"]


def test_assembles_from_leaves_without_pixels():
    ds = sky()
    by_variable = {
        str(name): leaves(v.values if "sample" in v.dims else v.values[None])
        for name, v in ds.variables.items()
    }
    made = assemble(headers_of(ds), by_variable, members_of(ds), attributes={})
    assert made == hash_dataset(ds)
    by_variable["image"] = by_variable["image"][:-1]
    with pytest.raises(IntegrityError, match=r"'image' has 19 leaves, expected 20"):
        assemble(headers_of(ds), by_variable, members_of(ds))


def test_survives_json():
    content = hash_dataset(sky())
    assert ContentHash.model_validate_json(content.model_dump_json()) == content


def test_of_nothing():
    content, samples = hash_dataset_and_samples(sky(0))
    assert samples.shape == (0, 32)
    assert content.variables["image"].blocks == ()
    assert hash_dataset(xr.Dataset()).variables == {}


@pytest.mark.parametrize(
    ("ds", "message"),
    [
        (xr.Dataset({"label": ("sample", np.array(["a", "b"]))}), "open the dataset with decode"),
        (xr.Dataset({"t": ("sample", np.array(["2020"], "M8[ns]"))}), "no canonical bytes"),
        (xr.Dataset({"a": (("x", "sample"), np.zeros((2, 2)))}), "expected 'sample' first"),
    ],
)
def test_refuses_what_has_no_canonical_bytes(ds, message):
    with pytest.raises(IntegrityError, match=message):
        hash_dataset(ds)


def test_refuses_splits_without_meanings():
    ds = sky()
    del ds["split"].attrs["flag_meanings"]
    with pytest.raises(IntegrityError, match="flag_values and flag_meanings of different lengths"):
        hash_dataset(ds)


def test_is_fast():
    """10,000 rows of 20 variables take 0.2 s; ten times that would be a slip."""
    columns = {f"v{i}": ("sample", np.arange(10_000.0, dtype="f4") + i) for i in range(20)}
    ds = xr.Dataset(columns)
    begin = time.process_time()
    hash_dataset(ds)
    assert time.process_time() - begin < 2
