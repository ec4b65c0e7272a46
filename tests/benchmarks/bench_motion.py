"""Pendulums and N-body systems from their recipes, as they are stored, against generator 2."""

from harness import Work, row


def as_stored(name, items):
    """Return the work of generating the first samples of a recipe."""
    from generator_2_peer import generator_2_recipe

    from skybench.generators.generate import generate_as_stored
    from skybench.generators.recipe_file import load_recipe

    recipe = load_recipe(name)

    def ours():
        generate_as_stored(recipe, 0, items)
        return items

    return Work(ours=ours, peer=lambda: generator_2_recipe(name, items))


@row("samples of pendulum, in memory", peer="generator 2", needed=3, items=512)
def pendulums(items):
    """Damped pendulums at 256 instants: generator 2 stepped them to fourth order, in numpy."""
    return as_stored("pendulum", items)


@row("samples of nbody, in memory", peer="generator 2", needed=1, items=512)
def three_bodies(items):
    """Three bodies at 101 instants, and until when their paths are theirs."""
    return as_stored("nbody", items)


@row("samples of clusters, in memory", peer="generator 2", needed=1, items=512)
def clusters(items):
    """Eight bodies at 33 instants, and until when their paths are theirs."""
    return as_stored("clusters", items)
