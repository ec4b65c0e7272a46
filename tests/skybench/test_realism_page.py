import json

import numpy as np

from skybench.learning.realism.certificate import read_certificate


def test_the_command_says_what_it_found_and_writes_page_and_certificate(tmp_path, skybench):
    random = np.random.default_rng(0)
    for name, noise in (("real", 1.0), ("fake", 1.5)):
        np.save(tmp_path / f"{name}.npy", random.normal(0, noise, (30, 24, 24)))
    options = ["--network", "none", "--fwhm", "3"]
    written = ["--report", tmp_path / "page.html", "--out", tmp_path / "realism.json"]
    files = [tmp_path / "real.npy", tmp_path / "fake.npy"]
    status, out, err = skybench("realism", *map(str, [*files, *options, *written]))
    assert status == 0, err
    assert "trees: AUC" in out
    assert "fakes are told from real cutouts" in out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(word in page for word in ("What gives fakes away", "noise", "data:image/png"))
    assert read_certificate(tmp_path / "realism.json").judges[0].tells_apart
    assert json.loads((tmp_path / "realism.json").read_text())["real"] == "real.npy"
