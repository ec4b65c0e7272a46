"""Manifests: strict, canonical, and safe to read from strangers."""

import json

import jsonschema
import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from skybench.errors import IntegrityError, StoreError
from skybench.registry.hashing.content_hash import dataset_root, hash_dataset
from skybench.registry.versions.manifest import (
    Manifest,
    StoredObject,
    canonical_text,
    manifest_schema,
    strict_json,
)

DIGEST = "sha256:" + "ab" * 32


@pytest.fixture(scope="module")
def manifest():
    flags = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "train test"}
    ds = xr.Dataset(
        {"image": (("sample", "y", "x"), np.arange(48, dtype=np.int32).reshape(3, 4, 4))},
        {"split": ("sample", np.array([0, 1, 0], np.int8), flags)},
        {"task": "multilabel"},
    )
    return Manifest(
        dataset="sky",
        version="0.1",
        title="Sky scenes",
        description="Stars and galaxies, Sérsic profiles.",
        created="2026-11-20T16:00:00Z",
        recipe={"name": "sky", "samples": 3, "seed": 0},
        generator={"skybench": "0.1.0", "numpy": "2.0"},
        content=hash_dataset(ds),
        samples=3,
        splits={"train": 2, "test": 1},
        task="multilabel",
        classes=("star", "spiral"),
        ranges={"image": {"minimum": 0, "maximum": 47}},
        licence="CC-BY-4.0",
        citation="The skybench developers",
        zarr="sky-0.1-abababababab.zarr",
        sample_digests="sky-0.1-abababababab.samples",
        chunk_count=2,
        objects=(StoredObject(key="sky-0.1-abababababab.zarr/zarr.json", size=5, sha256=DIGEST),),
    )


def damaged(manifest, **changes):
    return json.dumps(json.loads(manifest.to_text()) | changes)


def test_text_is_canonical_and_read_back(manifest):
    text = manifest.to_text()
    assert Manifest.from_text(text, "manifest.json") == manifest
    assert Manifest.from_text(text, "manifest.json").to_text() == text
    assert text.endswith("}\n")
    assert "Sérsic" in text
    keys = list(json.loads(text))
    assert keys == sorted(keys)


def test_a_manifest_of_the_older_hash_is_written_as_it_was(manifest):
    values = json.loads(manifest.to_text())
    assert values["content"].pop("attributes") == {"task": "multilabel"}
    content = {**values["content"], "algorithm": "skyhash-1"}
    roots = {name: variable["root"] for name, variable in content["variables"].items()}
    content["root"] = dataset_root(roots)
    for part in content["splits"].values():
        part["root"] = dataset_root(part["variables"])
    old = canonical_text(values | {"format": "skybench-manifest-1", "content": content})
    assert Manifest.from_text(old, "manifest.json").to_text() == old


def test_the_order_of_classes_survives_sorted_keys(manifest):
    classes = {"star": {"weight": 1}, "spiral": {"weight": 2}}
    text = manifest.model_copy(update={"recipe": {"name": "sky", "classes": classes}}).to_text()
    again = Manifest.from_text(text, "manifest.json")
    assert list(again.recipe["classes"]) == ["spiral", "star"]
    assert list(again.recipe_in_order["classes"]) == ["star", "spiral"]
    assert manifest.recipe_in_order == manifest.recipe


def test_a_class_may_have_the_name_of_an_attribute(manifest):
    recipe = manifest.recipe | {"classes": {"task": ["star"]}, "image": {"task": None}}
    text = damaged(manifest, recipe=recipe)
    assert Manifest.from_text(text, "manifest.json").recipe == recipe
    with pytest.raises(IntegrityError, match="but its recipe under image has 'regression'"):
        Manifest.from_text(damaged(manifest, recipe={"image": {"task": "regression"}}), "m")


def test_a_manifest_is_frozen_and_names_itself(manifest):
    assert manifest.reference == "sky@0.1"
    with pytest.raises(ValidationError, match="frozen"):
        manifest.samples = 4


def test_the_schema_is_a_schema_and_accepts_the_manifest(manifest):
    schema = manifest_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(manifest.to_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(damaged(manifest, colour="red")), schema)


def test_a_newer_format_says_which_skybench_it_needs(manifest):
    text = damaged(
        manifest, format="skybench-manifest-4", generator={"skybench": "3.4.0"}, surprise=1
    )
    with pytest.raises(StoreError, match=r"needs skybench >= 3\.4\.0; this one reads"):
        Manifest.from_text(text, "manifest.json")
    with pytest.raises(StoreError, match="needs skybench >= a newer version"):
        Manifest.from_text('{"format": "skybench-manifest-99"}', "manifest.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"colour": "red"}, "colour"),
        ({"format": "skybench-manifest-1"}, "skybench-manifest-1 does not hold skyhash-2"),
        ({"format": "other-1"}, "format"),
        ({"version": "v1"}, r"did you mean 1\.0"),
        ({"dataset": "../sky"}, "dataset"),
        ({"created": "yesterday"}, "created"),
        ({"samples": -1}, "samples"),
        ({"splits": {"train": 3}}, "disagree on the number of samples"),
        ({"zarr": "../elsewhere.zarr"}, "inside the version's folder"),
        ({"zarr": "/etc/passwd"}, "inside the version's folder"),
        ({"zarr": "s3://bucket/x.zarr"}, "inside the version's folder"),
        ({"zarr": "a\\b"}, "inside the version's folder"),
        ({"zarr": "a//b"}, "inside the version's folder"),
        ({"zarr": "."}, "inside the version's folder"),
        ({"sample_digests": "a\nb"}, "inside the version's folder"),
        ({"objects": [{"key": "a/../../b", "size": 1, "sha256": DIGEST}]}, "objects.0.key"),
        ({"objects": [{"key": "a/NUL.txt", "size": 1, "sha256": DIGEST}]}, "Windows takes"),
        ({"objects": [{"key": "a./b", "size": 1, "sha256": DIGEST}]}, "Windows takes"),
        ({"dataset": "con"}, "Windows does not take"),
        ({"objects": [{"key": "a", "size": -1, "sha256": DIGEST}]}, "objects.0.size"),
        ({"objects": [{"key": "a", "size": 1, "sha256": "md5:00"}]}, "objects.0.sha256"),
        (
            {"objects": [{"key": k, "size": 1, "sha256": DIGEST} for k in ("a", "A")]},
            "keys that collide",
        ),
    ],
)
def test_what_is_wrong_in_a_manifest_is_named(manifest, changes, says):
    with pytest.raises(IntegrityError, match=says) as caught:
        Manifest.from_text(damaged(manifest, **changes), "sky/0.1/manifest.json")
    assert "sky/0.1/manifest.json is not as skybench writes it" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "[1, 2", '{"a": NaN}', '{"a": Infinity}', '{"a": 1, "a": 2}', "[" * 100_000, "\0"],
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(IntegrityError, match=r"index\.jsonl is not valid JSON"):
        strict_json(text, "index.jsonl")


@pytest.mark.parametrize("text", ["null", "[]", "3", '"manifest"'])
def test_json_that_is_no_object_is_refused(text):
    with pytest.raises(IntegrityError, match="not as skybench writes it"):
        Manifest.from_text(text, "manifest.json")


def test_nan_is_never_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_text({"score": float("nan")})
