"""Train LeNet-5 on small circles and rectangles, and ask where it breaks: about a minute on a CPU.

``make diagnose`` runs it. It writes the page to ``OUT/report`` and prints what was found: accuracy
falls with the size of the shapes, small circles are taken for rectangles and the other way round.

    python docs/tutorials/where_a_model_breaks.py [OUT] [EPOCHS]
"""

import sys
from pathlib import Path

import skybench
from skybench.diagnosis.diagnose import Diagnosis
from skybench.learning.labelled import load_training_data
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocols import Protocol
from skybench.learning.training import fit
from skybench.release.building.build import build

RECIPE = "shapes2/small"
OUT = Path("diagnosis")
EPOCHS = 30
SAMPLES = 10_000  # of which the recipe gives 60 % to training, 20 % to the test


def main(out: Path = OUT, epochs: int = EPOCHS, samples: int = SAMPLES) -> Diagnosis:
    """Build 10,000 images, train on 6,000 of them, and diagnose the answers for 2,000."""
    store = str(out / "shapes2_small.zarr")
    build(skybench.load_recipe(RECIPE), store, samples=samples)
    data = load_training_data(store)
    protocol = Protocol(
        name="adamw",
        optimizer="adamw",
        learning_rate=3e-3,
        weight_decay=1e-4,
        epochs=epochs,
        schedule="one-cycle",
        warmup=0.2,
        augmentation="dihedral",
    )
    done = fit(NETWORKS["lenet5"], data.labelled, protocol, seed=0, folder=out / "training")
    return skybench.diagnose(store, done.test_answers, out=out / "report", name="LeNet-5")


if __name__ == "__main__":
    given = sys.argv[1:]
    print(main(Path(given[0]) if given else OUT, int(given[1]) if len(given) > 1 else EPOCHS))
