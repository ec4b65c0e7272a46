"""One packaged recipe: built three times from nothing, and looked at for what it gives away.

Builds differ in kernels, workers and who spreads them; their roots must be one, and that of the
newest recorded version where this is its recipe.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from distributed import LocalCluster

from skybench.errors import NotFoundError
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import load_recipe
from skybench.learning.examination import MARGIN, Finding, examine
from skybench.registry.recorded import recorded_manifest, recorded_scores
from skybench.registry.versions.manifest import Manifest
from skybench.release.building.build import build
from skybench.release.publishing.published import recipe_differences

PLAIN = {"SKYBENCH_CPU": "x86-64", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"}
"""The processor without what newer ones have."""

PHYSICS = {
    "flux": "an image holds its galaxy's light, and noise",
}
"""Why one global statistic may tell most of a target: more than `FREE` of it."""

FREE = 0.5


def main(name: str) -> int:
    """Print what was found; return 1 where something that is asked is not met."""
    recipe = load_recipe(name)
    with tempfile.TemporaryDirectory() as folder:
        roots = roots_of(recipe, Path(folder))
        for how, root in roots.items():
            print(f"{root} {how}")
        findings = examine(f"{folder}/workers.zarr")
    recorded = newest_recorded(recipe)
    wrong = [] if len(set(roots.values())) == 1 else ["roots differ"]
    if recorded is not None and recorded.content.root not in roots.values():
        wrong.append(f"{recorded.reference} is recorded with {recorded.content.root}")
    for finding in findings:
        print(finding)
        if said := fault(finding, recorded):
            wrong.append(said)
    print("; ".join(wrong) or f"{name}: {next(iter(roots.values()))}")
    return 1 if wrong else 0


def roots_of(recipe: Recipe, folder: Path) -> dict[str, str]:
    """Return the root of each build by how it was made."""
    roots = {"plain kernels, one worker": built_apart(recipe.name, folder / "plain.zarr", PLAIN)}
    made = build(recipe, str(folder / "workers.zarr"), workers=2, progress=False)
    roots["all kernels, two workers"] = made.content.root
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
    ) as cluster:
        address = cluster.scheduler_address
        again = build(recipe, str(folder / "cluster.zarr"), scheduler=address, progress=False)
    roots["all kernels, a LocalCluster"] = again.content.root
    return roots


def built_apart(name: str, path: Path, environment: Mapping[str, str]) -> str:
    """Build in a process of its own, whose processor seems to be another, and return the root."""
    command = [sys.executable, "-m", "skybench", "build", name, str(path), "--workers", "1"]
    done = subprocess.run(
        command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.split()[-1]


def newest_recorded(recipe: Recipe) -> Manifest | None:
    """Return the newest recorded version of a recipe, None where that was another one."""
    try:
        manifest = recorded_manifest(recipe.name)
    except NotFoundError:
        return None
    return None if recipe_differences(manifest, recipe) else manifest


def fault(finding: Finding, recorded: Manifest | None) -> str:
    """Say what is not met, empty where all is."""
    if finding.passed is False:
        return f"{finding.check}: {finding.figure}"
    if finding.check == "easy way out":
        return "" if recorded is None else too_easy(finding.number, recorded)
    target = finding.figure.partition(" tells ")[2].partition(" ")[0]
    if finding.check == "given away" and finding.number > FREE and target not in PHYSICS:
        return f"{finding.figure}, and PHYSICS does not say why"
    return ""


def too_easy(histogram: float, recorded: Manifest) -> str:
    """Compare what sees no form with the best recorded network."""
    scores = [r.score for r in recorded_scores(recorded.reference) if r.kind == "baseline"]
    if not scores:
        return f"{recorded.reference} records no network"
    gap = max(scores) - histogram
    return "" if gap >= MARGIN else f"trees are {100 * gap:.1f} points below the best network"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
