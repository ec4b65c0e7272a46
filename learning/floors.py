"""The table of floors by task: what methods that look at no structure reach.

Each takes the labelled arrays and returns its predictions on test. A new floor is one
function and one line in `FLOORS`.
"""

from collections.abc import Callable

from skybench.learning.class_floors import logistic_regression, majority_class
from skybench.learning.floor import Floor
from skybench.learning.labelled import Labelled
from skybench.learning.map_floors import all_background, threshold
from skybench.learning.number_floors import ridge_regression, training_mean

_OF_CLASSES: dict[str, Callable[[Labelled], Floor]] = {
    "majority-class": majority_class,
    "logistic-regression": logistic_regression,
}

FLOORS: dict[str, dict[str, Callable[[Labelled], Floor]]] = {
    "classification": _OF_CLASSES,
    "multilabel": _OF_CLASSES,
    "regression": {"training-mean": training_mean, "ridge-regression": ridge_regression},
    "segmentation": {"background": all_background, "threshold": threshold},
}
