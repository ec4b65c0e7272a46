"""Parameters to pixels: pure functions of a recipe, its seed and a row.

Nothing here reads a store, schedules work or keeps state; `recipe_file` alone opens a
file, the recipe's.
"""

from skybench.generators.sky.objects import Sersic, Spiral, Star

__all__ = ["Sersic", "Spiral", "Star"]
