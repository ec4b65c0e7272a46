"""Tables that other packages add to."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from skybench.errors import ExtensionError
from skybench.extensions import Table

GROUP = "skybench.toys"
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Toy:
    name: str


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs a package with one module and one entry point."""

    def install(source, *, name="ball"):
        (tmp_path / "toy_shop.py").write_text(source)
        info = tmp_path / "toy_shop-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-shop\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = toy_shop:{name.upper()}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "toy_shop", raising=False)

    return install


def test_a_table_holds_its_own_members_in_order():
    assert list(Table(GROUP, Toy, Toy("kite"), Toy("doll"))) == ["kite", "doll"]


def test_an_installed_package_adds_a_member_at_the_end(installed):
    installed(f"from {__name__} import Toy\nBALL = Toy('ball')\n")
    sys.modules.setdefault(__name__, sys.modules[Toy.__module__])
    assert list(Table(GROUP, Toy, Toy("kite"))) == ["kite", "ball"]


def test_a_name_that_is_taken_is_told_with_the_package(installed):
    installed(f"from {__name__} import Toy\nBALL = Toy('kite')\n")
    sys.modules.setdefault(__name__, sys.modules[Toy.__module__])
    with pytest.raises(ExtensionError, match=r"toy_shop:BALL .*toy-shop\) adds 'kite', which"):
        list(Table(GROUP, Toy, Toy("kite")))


def test_a_member_of_another_kind_is_told(installed):
    installed("BALL = 3\n")
    with pytest.raises(ExtensionError, match=r"toy-shop\) is a int; skybench.toys takes a Toy"):
        list(Table(GROUP, Toy))


def test_a_module_that_does_not_import_is_told(installed):
    installed("import no_such_thing\n")
    with pytest.raises(ExtensionError, match=r"cannot be loaded: .*no_such_thing.*uninstall toy-s"):
        list(Table(GROUP, Toy))


SHOP = """
import json
import numpy as np
from skybench.generators import SkyObject, Star, parameter
from skybench.generators.variable import Interval
from skybench.learning.networks.network import Network
from skybench.registry.exports.export_format import DataFormat, DescriptionFormat
from skybench.registry.scoring.metric import Metric

def surprise(outcome):
    given = outcome.predicted[np.arange(len(outcome.truth)), outcome.truth]
    return -np.log2(np.maximum(given, 1e-9))

SURPRISE = Metric(
    name="surprise", title="surprise", tasks=("classification",),
    overall=lambda outcome: surprise(outcome).mean(),
)
LIKELIHOOD = Metric(
    name="likelihood", title="log likelihood", tasks=("classification",),
    merit=lambda outcome: -surprise(outcome),
)
IDS = DataFormat(
    name="ids", suffix=".ids", keeps="the identities.", loses="all else.",
    write=lambda ds, path: path.write_text(json.dumps(ds.sample_id.values.tolist())),
)
TITLE = DescriptionFormat(
    name="title", suffix=".txt", keeps="the title.", loses="all else.",
    text=lambda manifest: manifest.title + "\\n",
)

class Pair(SkyObject):
    \'\'\'Two equal stars side by side.\'\'\'

    code = 100
    formula = "two Moffats"
    reference = "none"
    accuracy = "that of a star"
    example = "Pair().render()"

    flux: float = parameter(default=4e4)
    star_distance: float = parameter(
        "distance of the stars", units="pixel", domain=Interval(0, 50), default=6
    )

    @staticmethod
    def draw(sources, shape):
        for side in (-1, 1):
            x = sources["source_x"] + side * sources["star_distance"] / 2
            one = sources | {"source_x": x, "flux": sources["flux"] / 2}
            yield from Star.draw(one, shape)

def build(form, outputs):
    import torch
    nn = torch.nn
    means = nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten())
    return nn.Sequential(means, nn.Linear(64 * form.planes, outputs))

MEANS = Network(
    name="means", title="Means", model="means of blocks", reference="none", takes=("images",),
    build=build,
)
"""

RECIPE = """
name: pairs
title: Pairs and stars
description: Is it one star, or two?
licence: CC0-1.0
citation: none
seed: 3
samples: 200
task: classification
image: {shape: [28, 28], pixel_scale_arcsec: 0.2}
psf: {fwhm: 2.5}
noise: {sky_level: 100, read_noise: 5}
sources: {one: {profile: star, flux: 40000}, two: {profile: pair}}
classes: {star: {sources: [one]}, pair: {sources: [two]}}
splits: {train: 0.6, validation: 0.2, test: 0.2}
"""


@pytest.fixture
def skybench_with_shop(tmp_path):
    """Return a function that runs Python with a package of metrics and exports installed."""
    (tmp_path / "sky_shop.py").write_text(SHOP)
    info = tmp_path / "sky_shop-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sky-shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[skybench.objects]\npair = sky_shop:Pair\n"
        "[skybench.networks]\nmeans = sky_shop:MEANS\n"
        "[skybench.metrics]\nsurprise = sky_shop:SURPRISE\nlikelihood = sky_shop:LIKELIHOOD\n"
        "[skybench.exports]\nids = sky_shop:IDS\ntitle = sky_shop:TITLE\n"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_metric_of_another_package_is_in_scores(skybench_with_shop):
    out = skybench_with_shop(
        "-c",
        "import json, numpy as np\n"
        "from skybench.registry.scoring.scoring import score\n"
        "half = np.full((4, 2), 0.5)\n"
        "tested = score('classification', np.array([0, 1, 0, 1]), ('a', 'b'), {0: half})\n"
        "print(json.dumps(tested.record_fields()['overall']))\n",
    )
    overall = json.loads(out)
    # One bit each; the merit that is not the headline is a mean over samples.
    assert (overall["surprise"], overall["likelihood"]) == (1, -1)


def test_exports_of_another_package_are_written(skybench_with_shop, tmp_path):
    command = ("-m", "skybench")
    skybench_with_shop(*command, "generate", "objects", "--stop", "3", "--out", "mine.ids")
    assert json.loads((tmp_path / "mine.ids").read_text()) == [0, 1, 2]
    assert skybench_with_shop(*command, "export", "title", "sky@0.1").strip()
    assert "ids (.ids) keeps the identities." in skybench_with_shop(*command, "export", "--help")


def test_a_package_goes_from_recipe_to_pixels_store_score_and_export(skybench_with_shop, tmp_path):
    (tmp_path / "pairs.yaml").write_text(RECIPE)
    command = ("-m", "skybench")
    place = ("--store", tmp_path / "store")
    short = ("--network", "means", "--protocol", "default", "--seeds", 1, "--epochs", 2)
    skybench_with_shop(*command, "release", "0.1", "pairs.yaml", "--no-record", *place, *short)
    shown = skybench_with_shop(
        "-c",
        "import skybench\n"
        "from skybench.generators import Pair\n"
        "ds = skybench.open('pairs@0.1', store='store', verify='full')\n"
        "print(ds.star_distance.attrs['units'], sorted(set(ds.kind.values.ravel().tolist())))\n"
        "print(float(Pair(star_distance=9).render((40, 40)).sum()).__round__())\n",
    )
    said, light = shown.splitlines()
    assert said == "pixel ['pair', 'star']"
    assert int(light) == pytest.approx(40000, rel=1e-3)
    ranked = json.loads(skybench_with_shop(*command, "leaderboard", "pairs@0.1", "--json", *place))
    (means,) = [row for row in ranked if row["name"] == "means"]
    assert means["model"] == "means of blocks"
    assert means["parameters"] == 64 * 2 + 2
    assert means["surprise"] is not None
    skybench_with_shop(
        *command, "export", "ids", "pairs@0.1", "--split", "test", "--out", "test.ids", *place
    )
    assert len(json.loads((tmp_path / "test.ids").read_text())) == 40
