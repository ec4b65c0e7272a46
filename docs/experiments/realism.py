"""Are simulated cutouts told from real ones: matched recipes, and galaxies injected into frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import skybench
from experiments.experiment import Experiment, Numbers, Place
from experiments.injected import EXPOSURES, FOLDERS, SIDE, injected
from skybench.learning.realism.realism import Realism
from skybench.survey.cutout_sample import read_sample
from skybench.survey.match import match

MATCHED: dict[str, dict[str, Any]] = {
    "hst": {
        "path": "hst_cosmos_stamps/real_galaxy_images_extension.fits",
        "reading": {
            "bands": ["F814W"],
            "zeropoint": 25.94,
            "gain": 2028,
            "crop": 32,
            "pixel_scale_arcsec": 0.03,
        },
        "psf_fwhm": 3.3,
    },
    "decals": {
        "path": "decals_grz_cubes",
        "reading": {
            "bands": ["g", "r", "z"],
            "zeropoint": 22.5,
            "gain": [10280, 7870, 8872],
            "tile": 47,
            "binning": 3,
            "pixel_scale_arcsec": 0.1,
        },
        "psf_fwhm": None,
    },
}
"""Real samples, as docs/match.md measures them."""

_TELLING = 5


def of_matched(place: Place, name: str, network: str | None) -> dict[str, Any]:
    """Match a recipe to a real sample and let both judges see the two."""
    assert place.real is not None
    asked = MATCHED[name]
    real = read_sample(place.real / asked["path"], **asked["reading"])
    place.work.joinpath("realism").mkdir(parents=True, exist_ok=True)
    made = match(real, place.work / "realism" / f"{name}.yaml", psf_fwhm=asked["psf_fwhm"])
    place.report(f"{name} is matched")
    found = skybench.realism(made.real, made.made, network=network, report=place.report)
    return _told(found)


def of_injected(place: Place, network: str | None) -> dict[str, Any]:
    """Let both judges see injected galaxies beside detected ones."""
    assert place.real is not None
    pair = injected(place.real)
    found = skybench.realism(
        pair.real,
        pair.fake,
        real_frames=pair.real_frames,
        fake_frames=pair.fake_frames,
        psf_fwhm=float(np.mean([one.fwhm for one in EXPOSURES.values()])),
        network=network,
        report=place.report,
    )
    return _told(found)


def _told(found: Realism) -> dict[str, Any]:
    certificate = found.certificate.model_dump(mode="json")
    verdicts = {one.judge: one.verdict for one in found.certificate.judges}
    telling = found.importance.head(_TELLING)
    return {
        "certificate": certificate,
        "verdicts": verdicts,
        "telling": telling.reset_index().to_dict("records"),
    }


def draw(numbers: Numbers, path: Path) -> None:
    """Draw each judge's AUC beside its nulls and its control."""
    from matplotlib.figure import Figure  # late: the page is written without it

    judges = numbers["certificate"]["judges"]
    asked = ("auc", "null_real", "null_fake", "control")
    figure = Figure(figsize=(4.5, 0.6 + 0.9 * len(judges)), layout="constrained")
    axes = figure.subplots()
    names = []
    for judge in judges:
        for key in asked:
            one = judge[key]
            colour = {"auc": "C3", "control": "C2"}.get(key, "C0")
            axes.plot([one["low"], one["high"]], [-len(names)] * 2, c=colour)
            axes.plot(one["value"], -len(names), "o", c=colour)
            names.append(f"{judge['judge']}: {key.replace('_', ', ')}")
    axes.axvline(0.5, c="0.6", lw=0.8)
    axes.set_yticks(-np.arange(len(names)), names)
    axes.set(xlim=(0, 1), xlabel="AUC")
    figure.savefig(path, dpi=80)


def experiments() -> list[Experiment]:
    """Return an experiment a sample."""
    network = "obiwan"

    def of(name: str) -> Callable[[Place], dict[str, Any]]:
        return lambda place: of_matched(place, name, network)

    matched = [
        Experiment(
            name=f"realism_{name}",
            settings={**asked, "network": network},
            measure=of(name),
            draw=draw,
            needs=(str(Path(asked["path"]).parts[0]),),
        )
        for name, asked in MATCHED.items()
    ]
    into_frames = Experiment(
        name="realism_injected",
        settings={"side": SIDE, "frames": list(EXPOSURES), "network": network},
        measure=lambda place: of_injected(place, network),
        draw=draw,
        needs=FOLDERS,
    )
    return [*matched, into_frames]
