"""A withdrawal as a user sees it: index, catalog, aliases, warnings."""

import intake
import pytest

import skybench
from skybench.errors import (
    DatasetReferenceError,
    IntegrityError,
    NotFoundError,
    YankedVersionWarning,
)
from skybench.generators.recipe_file import load_recipe
from skybench.registry.storage.store import CATALOG, Store
from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.release.withdraw import withdraw


def test_a_withdrawn_version_opens_by_its_name_alone_and_warns(tmp_path):
    release(
        "1.0",
        store=tmp_path,
        datasets=[load_recipe("objects")],
        samples=60,
        building=BuildOptions(progress=False),
        training=TrainingOptions(protocols=()),
    )
    store = Store(tmp_path)
    with pytest.raises(IntegrityError, match="not the manifest that was pinned"):
        withdraw(f"objects@1.0#manifest:sha256:{'0' * 64}", "not this one", store=store)
    withdraw("objects@1.0", "seed used twice", store=store)
    catalog = intake.open_catalog(store.url_of(CATALOG))
    assert "objects_v1" not in catalog
    with pytest.warns(YankedVersionWarning, match=r"objects 1\.0 was withdrawn: seed used twice"):
        assert catalog.objects_v1_0.to_dask().sizes["sample"] == 60
    with pytest.warns(YankedVersionWarning, match="seed used twice"):
        skybench.open("objects@1.0", store=store)
    with pytest.raises(NotFoundError, match=r"it has 1\.0 \(withdrawn\)"):
        skybench.open("objects", store=store, build="never")


def test_an_alias_cannot_be_withdrawn(tmp_path):
    with pytest.raises(DatasetReferenceError, match=r"objects@2 is an alias; withdraw an exact"):
        withdraw("objects@2", "no", store=tmp_path)
