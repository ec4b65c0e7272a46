"""What the tests of the generators share: a small recipe that uses every part of the format."""

import copy
from typing import Any

import pytest

from skybench.generators.native import compiling, library
from skybench.generators.sky.recipe import SkyRecipe as Recipe

SMALL: dict[str, Any] = {
    "name": "small",
    "title": "A small recipe",
    "description": "Two classes of three sources on a non-square image.",
    "licence": "CC-BY-4.0",
    "citation": "none",
    "seed": 5,
    "samples": 300,
    "task": "multilabel",
    "image": {"shape": [20, 36], "pixel_scale_arcsec": 0.2},
    "psf": {"fwhm": {"distribution": "uniform", "low": 2, "high": 3}},
    "noise": {"sky_level": 50, "read_noise": 3},
    "scene": {
        "count": {"distribution": "choice", "values": [1, 3]},
        "placement": {"margin": 2, "cells": 2, "fill": 0.8},
    },
    "sources": {
        "bright": {"profile": "star", "flux": 20000},
        "faint": {
            "profile": "star",
            "flux": {"distribution": "power_law", "low": 500, "high": 5000, "exponent": -1.5},
        },
        "galaxy": {
            "profile": "sersic",
            "half_light_radius": {
                "distribution": "scaling",
                "of": "flux",
                "value": 3,
                "pivot": 20000,
                "exponent": 0.4,
                "scatter_dex": 0.1,
                "low": 1,
                "high": 8,
            },
        },
    },
    "classes": {
        "star": {"sources": ["bright", "faint"]},
        "galaxy": {"sources": ["galaxy"], "weight": 2},
    },
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
}


@pytest.fixture
def small() -> dict[str, Any]:
    """Return the recipe as a mapping that a test may change."""
    return copy.deepcopy(SMALL)


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    return Recipe.model_validate(SMALL)


@pytest.fixture(params=compiling.levels())
def each_level(request, monkeypatch):
    """Run a test with the kernels of each level that this processor has."""
    best = library.level()
    known = compiling.levels()
    if known.index(request.param) > known.index(best):
        pytest.skip(f"this processor has {best}, not {request.param}")
    monkeypatch.setenv("SKYBENCH_CPU", request.param)
    library.forget()
    yield request.param
    monkeypatch.undo()
    library.forget()
