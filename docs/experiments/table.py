"""The table of experiments, in the order in which they are run."""

from experiments import transfer
from experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {one.name: one for one in transfer.experiments()}
