"""The table of experiments, in the order in which they are run."""

from experiments import realism, surveys, training, transfer
from experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    one.name: one
    for module in (transfer, surveys, realism, training)
    for one in module.experiments()
}
