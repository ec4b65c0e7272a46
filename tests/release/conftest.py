"""What tests of releases share."""

import pytest

from skybench.learning.realism.certificate import Certificate


@pytest.fixture(scope="session")
def certificate():
    """Return a function that makes a realism certificate, some of it changed."""

    def made(**changes):
        auc = {"value": 0.5, "low": 0.46, "high": 0.54}
        caught = {"value": 0.8, "low": 0.7, "high": 0.9}
        nulls = {"null_real": auc, "null_fake": auc, "control": caught}
        known = {
            "real": "hsc|cutouts",
            "fake": "sky",
            "real_cutouts": 1500,
            "fake_cutouts": 1200,
            "real_frames": 40,
            "fake_frames": 1200,
            "shape": (1, 48, 48),
            "psf_fwhm": 4.0,
            "is_split_by_frame": True,
            "epochs": 30,
            "seed": 0,
            "telling": {"noise": 0.1},
            "pixels": "sha256:00",
            "judges": [{"judge": "trees", "auc": auc, **nulls}],
        }
        return Certificate.model_validate(known | changes)

    return made
