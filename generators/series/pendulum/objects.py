"""The table of pendulums: a new one is a file and a line here."""

from skybench.generators.object_table import ObjectTable
from skybench.generators.series.pendulum.hamiltonian import DampedPendulum as DampedPendulum
from skybench.generators.series.pendulum.hamiltonian import (
    HamiltonianPendulum as HamiltonianPendulum,
)
from skybench.generators.series.pendulum.pendulum import Pendulum as Pendulum
from skybench.generators.series.pendulum.pendulum_object import PendulumObject as PendulumObject

PENDULUM_OBJECTS = ObjectTable(PendulumObject, Pendulum, HamiltonianPendulum, DampedPendulum)
"""Pendulums by name."""
