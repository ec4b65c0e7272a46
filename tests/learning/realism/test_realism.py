import json

import numpy as np
import pytest
from galaxies import galaxies

from skybench.errors import NotFoundError, ParameterError
from skybench.learning.networks.obiwan import OBIWAN
from skybench.learning.realism import trees
from skybench.learning.realism.auc import pooled_auc
from skybench.learning.realism.certificate import Certificate, read_certificate
from skybench.learning.realism.control import broadened
from skybench.learning.realism.folds import Labelling, halves
from skybench.learning.realism.realism import compare
from skybench.learning.realism.statistics import statistic_names, statistics


@pytest.fixture(scope="module")
def alike():
    return compare(galaxies(60, 1), galaxies(60, 2), psf_fwhm=4.0)


def test_samples_of_one_distribution_are_not_told_apart(alike):
    judged = alike.judged()
    assert judged.auc.low <= 0.5 <= judged.auc.high
    assert judged.has_sound_null
    assert not judged.tells_apart


def test_a_small_sample_proves_no_equivalence(alike):
    judged = alike.judged()
    assert judged.auc.high > 0.55
    assert not judged.is_equivalent
    assert "an AUC of 0.55 is not excluded" in alike.summary()


def test_more_noise_is_caught_and_named_though_all_are_of_one_frame():
    real, fake = (
        galaxies(100, seed, noise=noise, frames=["f1"] * 100)
        for seed, noise in ((1, 1.0), (2, 1.2))
    )
    found = compare(real, fake, psf_fwhm=4.0)
    assert found.judged().tells_apart
    assert found.importance.index[0] == "noise"
    assert found.importance.loc["noise", "alone"] > 0.8
    assert "fakes have more noise" in found.summary()
    assert not found.certificate.is_split_by_frame
    assert "split by cutout: frames are too few" in found.summary()


def test_few_cutouts_have_no_power_and_the_same_call_finds_the_same():
    told, again = (compare(galaxies(24, 1), galaxies(24, 2), psf_fwhm=1.0) for _ in range(2))
    assert not told.judged().has_power
    assert "the test has no power" in told.summary()
    assert told.to_json() == again.to_json()


def test_many_cutouts_catch_a_psf_that_is_a_tenth_too_broad():
    right = galaxies(250, 1, fwhm=6.0)
    wrong = broadened(right, 6.0, 0)
    is_wrong = np.repeat([False, True], 250)
    labelling = Labelling.of(is_wrong, np.concatenate([right.frames, wrong.frames]))
    seen = np.concatenate([statistics(right), statistics(wrong)])
    scores = trees.judge(seen, labelling, 0, rounds=1)
    assert pooled_auc(scores, is_wrong, labelling.frames).low > 0.55


@pytest.mark.parametrize("correlated", [False, True])
def test_the_control_changes_light_and_not_noise(correlated):
    before = galaxies(300, 3, side=48)
    if correlated:
        images = before.images + np.roll(before.images, 1, axis=-1)
        before = type(before).of(images + np.roll(images, 1, axis=-2))
    names = statistic_names(before.bands)
    first, second = (
        dict(zip(names, statistics(c).T, strict=True)) for c in (before, broadened(before, 4.0, 0))
    )
    for name in ("noise", "noise_correlation", "sky"):
        scale = first[name].std()
        assert abs(second[name].mean() - first[name].mean()) < 0.35 * scale, name
        assert second[name].std() == pytest.approx(scale, rel=0.25), name
    assert second["half_light_radius"].mean() > first["half_light_radius"].mean() + 0.1


def test_what_only_tells_frames_apart_tells_nothing_when_split_by_frame():
    # Each frame has a sky of its own and is of mostly one class: by cutout, sky tells the class.
    random = np.random.default_rng(0)
    frames = np.repeat(np.arange(20), 15)
    is_fake = random.random(300) < np.where(frames % 2, 0.9, 0.1)
    sky = random.normal(0, 20, 20)[frames]
    seen = statistics(galaxies(300, 1, sky=sky))
    by_frame = Labelling.of(is_fake, frames.astype(str))
    by_cutout = Labelling.of(is_fake, np.arange(300).astype(str))
    leaked, kept = (
        pooled_auc(trees.judge(seen, one, 0, rounds=1), is_fake, one.frames)
        for one in (by_cutout, by_frame)
    )
    assert leaked.low > 0.65
    assert kept.low < 0.5 < kept.high


def test_frames_stay_whole_in_folds_and_in_halves():
    frames = np.repeat(np.arange(12), 5).astype(str)
    folds = Labelling.of(np.arange(60) % 2 == 1, frames).folds(0)
    assert all(np.unique(folds[frames == one]).size == 1 for one in np.unique(frames))
    apart = halves(frames, within=False, seed=0)
    assert all(np.unique(apart[frames == one]).size == 1 for one in np.unique(frames))
    within = halves(frames, within=True, seed=0)
    assert {int(within[frames == one].sum()) for one in np.unique(frames)} <= {2, 3}


def test_the_network_catches_a_sharper_psf_and_says_where():
    real = galaxies(60, 1, side=16, fwhm=5.0)
    fake = galaxies(60, 2, side=16, fwhm=2.0)
    found = compare(real, fake, network=OBIWAN, psf_fwhm=2.0, epochs=8)
    assert found.judged("obiwan").auc.low > 0.6
    assert found.saliency.shape == (120, 16, 16)
    middle = found.saliency[:, 4:12, 4:12].mean()
    assert middle > found.saliency[:, :4].mean()
    assert found.certificate.epochs == 8


def test_a_certificate_comes_back_from_its_file(alike, tmp_path):
    file = tmp_path / "realism.json"
    file.write_text(alike.to_json(), encoding="utf-8")
    assert read_certificate(file) == alike.certificate
    with pytest.raises(NotFoundError, match="skybench realism --out"):
        read_certificate(tmp_path / "none.json")
    file.write_text(json.dumps({"real": "a"}), encoding="utf-8")
    with pytest.raises(ParameterError, match="is no realism certificate: fake Field required"):
        read_certificate(file)


def test_equivalence_needs_power_a_sound_null_and_the_bound():
    near = {"value": 0.5, "low": 0.46, "high": 0.54}
    far = {"value": 0.8, "low": 0.7, "high": 0.9}
    judged = {"judge": "trees", "auc": near, "null_real": near, "null_fake": near, "control": far}
    about = {
        **dict.fromkeys(("real_cutouts", "fake_cutouts", "real_frames", "fake_frames"), 9),
        **dict.fromkeys(("epochs", "seed"), 0),
        "real": "a",
        "fake": "b",
        "shape": (1, 32, 32),
        "is_split_by_frame": True,
        "psf_fwhm": 4.0,
        "telling": {},
        "pixels": "sha256:00",
    }

    def verdict(**changes):
        told = Certificate.model_validate(about | {"judges": [judged | changes]})
        return told.judges[0].is_equivalent

    assert verdict()
    assert not verdict(control=near)
    assert not verdict(null_real=far)
    assert not verdict(auc=far)
