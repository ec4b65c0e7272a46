"""The table of pendulums: a new kind is a module and a line here."""

from skybench.generators.series.pendulum import exact, hamiltonian
from skybench.generators.series.pendulum.swing import Swing

SWINGS: dict[str, Swing] = {
    swing.name: swing for swing in (exact.SWING, hamiltonian.HAMILTONIAN, hamiltonian.DAMPED)
}
"""Kinds of pendulums by name."""
