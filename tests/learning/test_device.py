import torch

from skybench.learning.device import choose_precision, hardware


def test_hardware_names_device_precision_and_threads():
    found = hardware((28, 28))
    assert found["device"] in {"cpu", "cuda", "mps"}
    assert found["name"]
    assert found["precision"] in {"bf16-mixed", "32-true"}
    assert found["threads"] == str(torch.get_num_threads())


def test_images_that_shrink_to_one_pixel_are_trained_in_float32(monkeypatch):
    monkeypatch.setattr("skybench.learning.device.choose_device", lambda: "cpu")
    assert choose_precision((16, 64)) == "32-true"
