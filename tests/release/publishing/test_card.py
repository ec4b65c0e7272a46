"""The data card: what people read, and front matter that Hugging Face accepts."""

import numpy as np
import pytest
import xarray as xr
import yaml

from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.scoring.metrics import METRICS
from skybench.registry.versions.manifest import Manifest
from skybench.release.publishing.card import CardScore, card_text


def made(content, **changes):
    values = {
        "dataset": "sky",
        "version": "0.1",
        "title": "Sky: stars | galaxies",
        "description": "Scenes.\n",
        "created": "2026-11-20T16:00:00Z",
        "recipe": {"name": "sky"},
        "generator": {"skybench": "0.1.0"},
        "content": content,
        "samples": 3,
        "splits": {"train": 2, "test": 1},
        "task": "multilabel",
        "classes": ("star", "spiral"),
        "ranges": {"image": {"minimum": -5, "maximum": 47}},
        "licence": "CC-BY-4.0",
        "citation": "The skybench developers (2026)",
        "zarr": "sky-0.1-abababababab.zarr",
        "sample_digests": "sky-0.1-abababababab.samples",
        "chunk_count": 2,
        "objects": (),
    }
    return Manifest(**{**values, **changes})


@pytest.fixture(scope="module")
def manifest():
    flags = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "train test"}
    ds = xr.Dataset(
        {"image": (("sample", "y", "x"), np.zeros((3, 4, 4), np.int32), {"units": "electron"})},
        {"split": ("sample", np.array([0, 1, 0], np.int8), flags)},
    )
    return made(hash_dataset(ds))


# https://github.com/huggingface/hub-docs/blob/main/datasetcard.md
KEYS = {
    *("pretty_name", "license", "license_name", "license_link", "task_categories", "task_ids"),
    *("tags", "size_categories"),
}
CATEGORIES = {"image-classification", "image-segmentation", "other"}
SIZES = {
    *("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B"),
    *("1B<n<10B",),
}


def parts(card):
    _, front, body = card.split("---\n", 2)
    return yaml.safe_load(front), body


def test_front_matter_is_what_hugging_face_reads(manifest):
    front, body = parts(card_text(manifest))
    assert front["license"] == "cc-by-4.0"
    assert front["pretty_name"] == "Sky: stars | galaxies"
    assert front["task_categories"] == ["image-classification"]
    assert front["size_categories"] == ["n<1K"]
    assert "astronomy" in front["tags"]
    assert body.startswith("\n# Sky: stars | galaxies\n\nScenes.")


@pytest.mark.parametrize(
    ("samples", "category"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (10_000, "10K<n<100K"),
        (10**6 - 1, "100K<n<1M"),
        (10**7, "10M<n<100M"),
        (10**9, "1B<n<10B"),
    ],
)
def test_size_category(manifest, samples, category):
    front, _ = parts(card_text(manifest.model_copy(update={"samples": samples})))
    assert front["size_categories"] == [category]


def test_the_card_holds_identity_splits_classes_ranges_licence_and_citation(manifest):
    card = card_text(manifest)
    for text in (
        manifest.content.root,
        f"sky@0.1#{manifest.content.root}",
        f"| train | 2 | `{manifest.content.splits['train'].root}` |",
        "- star\n- spiral\n",
        "| `image` | sample, y, x | int32 | electron | -5 to 47 |",
        "| `split` | sample | int8 |  | train test |",
        "https://spdx.org/licenses/CC-BY-4.0.html",
        "The skybench developers (2026)",
        'skybench.open("sky@0.1", split="train")',
        "sky_v0_1_train.to_dask()",
    ):
        assert text in card


def test_development_versions_say_so(manifest):
    assert "development version" in card_text(manifest)
    assert "development" not in card_text(manifest.model_copy(update={"version": "1.0"}))


def test_baselines_are_ranked(manifest):
    scores = [
        CardScore(name="majority", score=0.4, metric=METRICS["accuracy"]),
        CardScore(
            name="resnet50", score=0.957, metric=METRICS["accuracy"], interval=(0.95, 0.9634)
        ),
    ]
    _, table = card_text(manifest, scores).split("## Baselines")
    assert table.index("resnet50") < table.index("majority")
    assert "| resnet50 | 95.70 % | 95.00 to 96.34 % |" in table
    assert "\n\n- `resnet50`: ResNet-50, He et al. 2016, CVPR, 770\n\n" in table
    assert "| majority | 40.00 % |  |" in table


def test_without_baselines_the_card_says_so(manifest):
    assert "No baseline is recorded" in card_text(manifest)


def test_a_bar_in_a_cell_stays_in_its_cell(manifest):
    card = card_text(manifest, [CardScore(name="a|b", score=0.5, metric=METRICS["accuracy"])])
    assert "| a\\|b | 50.00 % |" in card


def test_card_of_a_regression_names_its_targets(manifest):
    recipe = {"name": "sky", "targets": ["flux", "axis_ratio"]}
    changed = manifest.model_copy(update={"task": "regression", "classes": (), "recipe": recipe})
    metric = METRICS["r2"]
    card = card_text(
        changed, [CardScore(name="mine", score=0.91234, interval=(0.9, 0.92), metric=metric)]
    )
    assert "## Targets\n\n- flux\n- axis_ratio" in card
    assert "## Classes" not in card
    assert "| mine | 0.9123 | 0.9000 to 0.9200 |" in card
    assert "Test mean R²" in card


@pytest.mark.parametrize(
    "dims", [("sample", "y", "x"), ("sample", "time"), ("sample", "z", "y", "x")]
)
@pytest.mark.parametrize("task", ["classification", "multilabel", "regression", "segmentation"])
def test_front_matter_has_only_documented_keys_and_values(task, dims):
    values = np.zeros((3, *(2,) * (len(dims) - 1)), np.float32)
    content = hash_dataset(xr.Dataset({"data": (dims, values)}))
    front, _ = parts(card_text(made(content, task=task, recipe={"family": "volume"}, splits={})))
    assert set(front) <= KEYS
    assert set(front["task_categories"]) <= CATEGORIES
    assert set(front["size_categories"]) <= SIZES
    assert (front["task_categories"] == ["other"]) == (len(dims) != 3 or task == "regression")
    assert front["tags"][-2:] == [task, "volume"]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("CC0-1.0", {"license": "cc0-1.0"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        ("my own terms: ask", {"license": "other", "license_name": "my own terms: ask"}),
        (
            "CERN-OHL-S-2.0",
            {
                "license": "other",
                "license_name": "CERN-OHL-S-2.0",
                "license_link": "https://spdx.org/licenses/CERN-OHL-S-2.0.html",
            },
        ),
    ],
)
def test_licences_that_hugging_face_does_not_know_are_named(manifest, licence, expected):
    card = card_text(manifest.model_copy(update={"licence": licence}))
    front, body = parts(card)
    assert {key: value for key, value in front.items() if key.startswith("license")} == expected
    assert licence in body


@pytest.mark.parametrize("title", ["--- no: end", "a: b # c", "'\"{{x}}", "[red]", "- x"])
def test_no_title_leaves_its_place_in_the_front_matter(manifest, title):
    front, body = parts(card_text(manifest.model_copy(update={"title": title})))
    assert front["pretty_name"] == title
    assert f"# {title}" in body


def test_a_certificate_of_realism_is_shown_with_its_null_and_control(manifest, certificate):
    card = card_text(manifest, realism=certificate())
    _, shown = card.split("## Realism\n\n")
    assert "1,200 images of `sky` against 1,500 of the real sample `hsc|cutouts`" in shown
    row = "| trees | 0.500 [0.460, 0.540] | 0.500 [0.460, 0.540] | 0.500 [0.460, 0.540] |"
    assert f"{row} 0.800 [0.700, 0.900] |" in shown
    assert "- trees: no better than chance: below 0.55 at 95 %" in shown
    assert "## Realism" not in card_text(manifest)
