"""Where training runs, in which precision, and what that machine is."""

import platform
from collections.abc import Sequence
from pathlib import Path

import torch


def choose_device() -> str:
    """Choose the fastest device there is: cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(extent: Sequence[int]) -> str:
    """Choose bfloat16 where the device has instructions for it, as lightning names it.

    On a CPU oneDNN leaves the gradient of a strided 3x3 convolution over a single pixel partly
    uninitialised in bfloat16, which is what the last stage of ResNet-50 sees of images of at
    most 16 pixels; samples of such an extent are trained in float32.
    """
    device = choose_device()
    if device == "cuda":
        fast = torch.cuda.is_bf16_supported()
    else:
        claims = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        has_instructions = any(getattr(torch.cpu, claim, bool)() for claim in claims)
        fast = device == "cpu" and has_instructions and min(extent) > 16
    return "bf16-mixed" if fast else "32-true"


def hardware(extent: Sequence[int]) -> dict[str, str]:
    """Return the device that training runs on, its precision and its threads."""
    device = choose_device()
    return {
        "device": device,
        "name": torch.cuda.get_device_name() if device == "cuda" else _processor(),
        "precision": choose_precision(extent),
        "threads": str(torch.get_num_threads()),
    }


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
