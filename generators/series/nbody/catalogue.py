"""The table of N-body systems: a new kind is a module and a line here."""

from skybench.generators.series.nbody import cluster, figure_eight, free_fall, triple, two_body
from skybench.generators.series.nbody.system import System

SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        two_body.SYSTEM,
        triple.SYSTEM,
        free_fall.SYSTEM,
        figure_eight.SYSTEM,
        cluster.SYSTEM,
    )
}
"""Kinds of systems by name."""
