"""Every packaged recipe makes what its own task asks for."""

import numpy as np
import pytest

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe, packaged_recipes
from skybench.registry.scoring.scoring import score
from skybench.registry.scoring.tasks import answer_key

ROWS = np.arange(12)


@pytest.mark.parametrize("name", packaged_recipes())
def test_right_answers_have_the_highest_score(name):
    recipe = load_recipe(name)
    key = answer_key(generate_as_stored(recipe, 0, len(ROWS)), name)
    assert key.task == recipe.task
    truth = key.truth.of_rows(ROWS)
    one_hot = recipe.task == "classification"
    perfect = np.eye(len(key.names))[truth] if one_hot else truth
    assert score(key.task, truth, key.names, {0: perfect}).score.value == 1


def test_regressions_name_their_targets():
    assert (
        answer_key(generate_as_stored("photometry", 0, 5), "it").names
        == load_recipe("photometry").targets
    )
    assert load_recipe("photometry").targets == ("flux", "half_light_radius", "axis_ratio")
