"""The variables of all series."""

from skybench.generators.series.instants import TIME
from skybench.generators.series.light_curve import variables as light_curve
from skybench.generators.series.nbody import variables as nbody
from skybench.generators.series.pendulum import variables as pendulum
from skybench.generators.variable import table

VARIABLES = table(TIME) | nbody.VARIABLES | pendulum.VARIABLES | light_curve.VARIABLES
